using System.IO.Pipelines;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Chats;
using Podvirt.Chats.Sqlite;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Playground;

namespace Podvirt.Tests.Chats;

/// <summary>Answers calls with what a test says, and jobs with a real store in a folder of their own.</summary>
internal sealed class FakeGateway : IHostApplicationLifetime, IAsyncDisposable
{
    private readonly Channel<Func<HttpContext, Task>> _script = Channel.CreateUnbounded<Func<HttpContext, Task>>();
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;
    private readonly CancellationTokenSource _stopping = new();

    /// <param name="store">Null: one of its own.</param>
    public FakeGateway(TimeProvider? time = null, FindRecord? find = null, IConversationStore? store = null)
    {
        Time = time ?? TimeProvider.System;
        Store = store ?? SqliteConversationStore.Open(_folder, Time, NullLogger<SqliteConversationStore>.Instance);
        Services = new AnswerJobServices(
            Begin, Store, new AnswerBills(find ?? ((_, _) => default), Time), Time, this, NullLogger<AnswerJobServices>.Instance);
    }

    public TimeProvider Time { get; }

    public IConversationStore Store { get; }

    public AnswerJobServices Services { get; }

    public Caller? Caller { get; private set; }

    public string Body { get; private set; } = "";

    public PlaygroundCall? Call { get; private set; }

    public CancellationToken ApplicationStarted => CancellationToken.None;

    public CancellationToken ApplicationStopping => _stopping.Token;

    public CancellationToken ApplicationStopped => CancellationToken.None;

    public void StopApplication() => _stopping.Cancel();

    /// <summary>Sends these bytes of a stream.</summary>
    public void Send(string text) => Do(async context =>
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        await context.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
    });

    public void Do(Func<HttpContext, Task> step) => Assert.True(_script.Writer.TryWrite(step));

    /// <summary>The call is over.</summary>
    public void End() => _script.Writer.Complete();

    public async Task<(AnswerJob Job, Task End)> BeginAsync(TimeSpan? framesTime = null, long framesBytes = 1 << 20)
    {
        var identity = new AnswerIdentity(Guid.CreateVersion7().ToString(), "admin", "default", "m", null);
        var facts = new AnswerFacts { StartedAt = Time.GetUtcNow() };
        var body = Encoding.UTF8.GetBytes("{\"model\":\"m\"}");
        await Store.BeginAsync(new NewAnswer(identity, facts, null, null, null, "{}", body), CancellationToken.None);
        var job = new AnswerJob(new AnswerState(identity, facts), Services, framesTime ?? TimeSpan.FromHours(1), framesBytes);
        return (job, job.RunAsync([new("X-Podvirt-Session-Id", "s-1")], body));
    }

    public async Task<StoredAnswer> StoredAsync(AnswerJob job) =>
        await Store.FindAnswerAsync("admin", job.State.Identity.Id, CancellationToken.None) ?? throw new InvalidOperationException("It is not there.");

    public async ValueTask DisposeAsync()
    {
        if (Store is IAsyncDisposable own)
        {
            await own.DisposeAsync();
        }
        _stopping.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private PlaygroundCall Begin(Caller caller, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body)
    {
        Caller = caller;
        return Call = PlaygroundCall.Begin(headers, body, ServeAsync);
    }

    private async Task ServeAsync(HttpContext context)
    {
        context.Response.Headers["x-request-id"] = Guid.CreateVersion7().ToString();
        Body = Encoding.UTF8.GetString((await context.Request.BodyReader.ReadAtLeastAsync((int)context.Request.ContentLength!)).Buffer.FirstSpan);
        try
        {
            await foreach (var step in _script.Reader.ReadAllAsync(context.RequestAborted))
            {
                await step(context);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // As the gateway does: it ends, and says nothing to a client that has gone.
        }
    }
}
