namespace Podvirt.Gateway.Relay;

/// <summary>The attempts at one replica that wait for an answer's head.</summary>
internal sealed class HeadWaits
{
    private readonly Lock _lock = new();
    private readonly HashSet<RelayGuard> _waiting = [];

    public bool Any
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    public void Add(RelayGuard guard)
    {
        lock (_lock)
        {
            _waiting.Add(guard);
        }
    }

    public void Remove(RelayGuard guard)
    {
        lock (_lock)
        {
            _waiting.Remove(guard);
        }
    }

    public void CutAll(RelayEnd reason)
    {
        RelayGuard[] waiting;
        lock (_lock)
        {
            waiting = [.. _waiting];
        }
        foreach (var guard in waiting)
        {
            // One whose head has come meanwhile is cut as well: what a sleeper has begun it does not finish.
            guard.Cut(reason);
        }
    }
}
