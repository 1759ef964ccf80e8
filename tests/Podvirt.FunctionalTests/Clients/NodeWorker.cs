using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>One process of Node in which all clients for Node run, several calls at a time (<c>Node/worker.mjs</c>).</summary>
public sealed class NodeWorker : IAsyncDisposable
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    private readonly Lazy<Process> _process;
    private readonly ConcurrentDictionary<int, Pending> _pending = new();
    private readonly SemaphoreSlim _writing = new(1);
    private int _calls;

    private Task<string> _errors = Task.FromResult("");
    private Task _reading = Task.CompletedTask;

    /// <param name="patient">Without the time-outs of Node's own fetch.</param>
    public NodeWorker(bool patient = false) => _process = new(() => Start(patient));

    internal async Task<Seen> CallAsync(string client, Call call, Action told)
    {
        var id = Interlocked.Increment(ref _calls);
        var pending = new Pending(told);
        _pending[id] = pending;
        var line = JsonSerializer.Serialize(new
        {
            id,
            client,
            surface = call.Surface,
            way = call.Way == Way.Plain ? "plain" : "stream",
            baseUrl = call.BaseAddress.ToString().TrimEnd('/'),
            key = call.Key,
            model = call.Model,
            prompt = call.Prompt,
            leaveAfter = call.LeaveAfter,
            tellAfter = call.TellAfter,
        });
        await _writing.WaitAsync();
        try
        {
            await _process.Value.StandardInput.WriteLineAsync(line);
            await _process.Value.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
        return await pending.Seen.Task;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process.IsValueCreated)
        {
            _process.Value.Kill(entireProcessTree: true);
            await _process.Value.WaitForExitAsync();
            await _reading;
            _process.Value.Dispose();
        }
        _writing.Dispose();
    }

    private Process Start(bool patient)
    {
        var start = new ProcessStartInfo("node", ["Node/worker.mjs"])
        {
            WorkingDirectory = Path.Combine(Checkout.Root, "tests/Podvirt.FunctionalTests/Clients"),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["PATIENT"] = patient ? "1" : "";
        var process = Process.Start(start)!;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync(process);
        return process;
    }

    private async Task ReadAsync(Process process)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith('{'))
            {
                // The libraries have things to say as well.
                continue;
            }
            var said = JsonNode.Parse(line)!.AsObject();
            var id = (int)said["id"]!;
            if (said.ContainsKey("told"))
            {
                _pending[id].Told();
            }
            else if (_pending.TryRemove(id, out var pending))
            {
                pending.Seen.SetResult(said.Deserialize<Seen>(s_json)!);
            }
        }
        var end = new InvalidOperationException($"The clients for Node ended: {await _errors}");
        foreach (var pending in _pending.Values)
        {
            pending.Seen.TrySetException(end);
        }
    }

    private sealed record Pending(Action Told)
    {
        public TaskCompletionSource<Seen> Seen { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>A client library for Node.</summary>
/// <param name="script">The file in <c>Node/</c> that makes its calls.</param>
internal sealed class NodeClient(string name, string script, NodeWorker worker, IReadOnlyDictionary<string, Way[]> surfaces) : IApiClient
{
    public string Name => name;

    public IReadOnlyDictionary<string, Way[]> Surfaces => surfaces;

    public Task<Seen> CallAsync(Call call, Action told) => worker.CallAsync(script, call, told);
}
