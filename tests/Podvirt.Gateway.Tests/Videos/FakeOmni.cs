using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>An engine that makes videos by script: what each job does is said by the test, or it is finished when it is first asked for.</summary>
internal sealed class FakeOmni : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private int _made;

    public FakeOmni()
    {
        Engine = new FakeEngine(ServeAsync);
    }

    public FakeEngine Engine { get; }

    public string Address => Engine.Address;

    /// <summary>Jobs stay in progress until it is false.</summary>
    public bool IsHeld { get; set; }

    public int Progress { get; set; } = 40;

    public byte[] Video { get; set; } = Mp4Sample.Of(4);

    public string Seconds { get; set; } = "4";

    /// <summary>What happens on a call in place of what is usual; false: the usual.</summary>
    public Func<FakeCall, Task<bool>> Instead { get; set; } = _ => Task.FromResult(false);

    /// <summary>Deletions of unfinished jobs are answered so.</summary>
    public bool CannotCancel { get; set; }

    /// <summary>Why every job fails; null: none does.</summary>
    public string? Failure { get; set; }

    public int Made => Volatile.Read(ref _made);

    public ICollection<string> Jobs => _jobs.Keys;

    public ConcurrentQueue<string> Deleted { get; } = new();

    public FakeCall LastCreated => Engine.Calls.Last(c => c.RequestLine.StartsWith("POST", StringComparison.Ordinal));

    /// <summary>As an engine that was started anew.</summary>
    public void Forget() => _jobs.Clear();

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    private async Task ServeAsync(FakeCall call)
    {
        if (await Instead(call))
        {
            return;
        }
        var parts = call.RequestLine.Split(' ');
        var path = parts[1].Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (parts[0])
        {
            case "POST":
                await CreateAsync(call);
                return;
            case "DELETE":
                await DeleteAsync(call, path[2]);
                return;
            case "GET" when path.Length == 4:
                await SendAsync(call, path[2]);
                return;
            default:
                await ShowAsync(call, path[2]);
                return;
        }
    }

    private Task CreateAsync(FakeCall call)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"video_gen_{Interlocked.Increment(ref _made)}");
        _jobs[id] = new Job(id);
        return call.AnswerJsonAsync(200, JsonOf(id, "queued", 0));
    }

    private Task ShowAsync(FakeCall call, string id)
    {
        if (!_jobs.ContainsKey(id))
        {
            return call.AnswerJsonAsync(404, """{"error":{"message":"no such job","type":"NotFoundError","param":null,"code":404}}""");
        }
        if (Failure is { } failure)
        {
            return call.AnswerJsonAsync(500, JsonOf(id, "failed", 0).Replace("\"error\":null", $"\"error\":{{\"code\":\"x\",\"message\":\"{failure}\"}}", StringComparison.Ordinal));
        }
        return call.AnswerJsonAsync(200, IsHeld ? JsonOf(id, "in_progress", Progress) : JsonOf(id, "completed", 100));
    }

    private async Task SendAsync(FakeCall call, string id)
    {
        if (!_jobs.ContainsKey(id) || IsHeld)
        {
            await call.AnswerJsonAsync(404, "{\"detail\":\"not there\"}");
            return;
        }
        await call.SendAsync(Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {Video.Length}\r\n\r\n")));
        await call.SendAsync(Video);
    }

    private Task DeleteAsync(FakeCall call, string id)
    {
        if (CannotCancel)
        {
            return call.AnswerJsonAsync(409, """{"error":{"message":"still running","type":"Conflict","param":null,"code":409}}""");
        }
        Deleted.Enqueue(id);
        return _jobs.TryRemove(id, out _)
            ? call.AnswerJsonAsync(200, $$"""{"id":"{{id}}","deleted":true,"object":"video.deleted"}""")
            : call.AnswerJsonAsync(404, "{\"detail\":\"not there\"}");
    }

    private string JsonOf(string id, string status, int progress) =>
        $$"""{"id":"{{id}}","object":"video","model":"m","status":"{{status}}","progress":{{progress}},"seconds":"{{Seconds}}","size":"832x480","created_at":1,"completed_at":null,"error":null}""";

    private sealed record Job(string Id);
}
