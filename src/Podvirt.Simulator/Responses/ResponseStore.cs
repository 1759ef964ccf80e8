using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Podvirt.Simulator.Events;

namespace Podvirt.Simulator.Responses;

/// <summary>
/// The responses that the engine keeps: in memory, until its process ends, without a limit, as vLLM does (which is why it keeps none unless
/// it is told to).
/// </summary>
internal sealed class ResponseStore : IDisposable
{
    private readonly ConcurrentDictionary<string, StoredResponse> _responses = new();
    private readonly ConcurrentDictionary<string, EventLog> _logs = new();
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new();

    public bool TryGet(string id, [NotNullWhen(true)] out StoredResponse? response) => _responses.TryGetValue(id, out response);

    public bool TryGetLog(string id, [NotNullWhen(true)] out EventLog? log) => _logs.TryGetValue(id, out log);

    /// <summary>Keeps a response; one that was cancelled stays so.</summary>
    public void Put(string id, StoredResponse response) =>
        _responses.AddOrUpdate(id, response, (_, before) => before.Status == ResponseBody.Cancelled ? before : response);

    /// <summary>A response is about to run in the background.</summary>
    /// <returns>Cancelled when the response is.</returns>
    public CancellationToken Begin(string id, EventLog? log)
    {
        var running = new CancellationTokenSource();
        _running[id] = running;
        if (log is not null)
        {
            _logs[id] = log;
        }

        return running.Token;
    }

    public void End(string id)
    {
        if (_running.TryRemove(id, out var running))
        {
            running.Dispose();
        }
    }

    /// <summary>Stops a response that runs in the background.</summary>
    /// <param name="before">As <see cref="TryGet"/> gave it.</param>
    /// <param name="cancelled">What it is from now on.</param>
    /// <returns>False when it ended in the meantime.</returns>
    public bool TryCancel(string id, StoredResponse before, StoredResponse cancelled)
    {
        if (!_responses.TryUpdate(id, cancelled, before))
        {
            return false;
        }

        if (_running.TryGetValue(id, out var running))
        {
            try
            {
                running.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It ended by itself in the meantime.
            }
        }

        return true;
    }

    public void Dispose()
    {
        foreach (var id in _running.Keys)
        {
            End(id);
        }
    }
}
