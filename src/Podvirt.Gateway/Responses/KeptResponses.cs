using System.Diagnostics.CodeAnalysis;

namespace Podvirt.Gateway.Responses;

/// <summary>
/// Which replica has which response, of those that this gateway has seen end or has asked the other gateways for. Each project has its own:
/// what is another's is not there. Bounded; the oldest give way.
/// </summary>
/// <param name="options">How many, and for how long.</param>
/// <param name="time">The clock.</param>
/// <param name="shared">What other gateways have seen; null: there are none.</param>
internal sealed class KeptResponses(GatewayOptions options, TimeProvider time, SharedResponses? shared = null)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Project, string Id), Entry> _byId = [];

    // In the order in which they came, which is that in which they go.
    private readonly Queue<Entry> _entries = new();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byId.Count;
            }
        }
    }

    /// <summary>Notes where a response is. The same id again is the newer one.</summary>
    public void Add(string project, KeptResponse response) => Add(project, response, time.GetUtcNow() + options.KeptResponseTime);

    /// <summary>Has the other gateways find it.</summary>
    /// <returns>Completes, and never fails, when they do; null: there are none.</returns>
    public Task? ShareAsync(string project, KeptResponse response) => shared?.KeepAsync(project, response, time.GetUtcNow() + options.KeptResponseTime);

    /// <summary>Asks for one that was not found. False: no gateway knows it, or that cannot be told.</summary>
    public async ValueTask<bool> FetchAsync(string project, string id, CancellationToken cancellationToken)
    {
        if (shared is null || await shared.FindAsync(project, id, cancellationToken) is not var (response, until) || until <= time.GetUtcNow())
        {
            return false;
        }
        Add(project, response, until);
        return true;
    }

    private void Add(string project, KeptResponse response, DateTimeOffset until)
    {
        var entry = new Entry((project, response.Id), response, until);
        lock (_gate)
        {
            _byId[entry.Key] = entry;
            _entries.Enqueue(entry);
            Trim();
        }
    }

    public bool TryFind(string project, string id, [NotNullWhen(true)] out KeptResponse? response)
    {
        lock (_gate)
        {
            Trim();
            response = _byId.TryGetValue((project, id), out var entry) ? entry.Response : null;
            return response is not null;
        }
    }

    private void Trim()
    {
        var now = time.GetUtcNow();
        while (_entries.TryPeek(out var oldest) && (oldest.Until <= now || _entries.Count > options.KeptResponsesMax))
        {
            _entries.Dequeue();
            if (_byId.TryGetValue(oldest.Key, out var current) && ReferenceEquals(current, oldest))
            {
                _byId.Remove(oldest.Key);
            }
        }
    }

    private sealed record Entry((string Project, string Id) Key, KeptResponse Response, DateTimeOffset Until);
}
