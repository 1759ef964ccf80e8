namespace Podvirt.Testing.Nomad.Http;

internal enum FaultKind
{
    None,
    TooManyRequests,
    ServerError,
    Hang,
    Drop,
}

/// <summary>What is to go wrong next, and how often.</summary>
internal sealed class NomadFaults
{
    private readonly Lock _gate = new();
    private readonly List<Armed> _armed = [];
    private int _missedWakeUps;

    /// <summary>Every answer waits as long.</summary>
    public TimeSpan Slowness { get; set; }

    /// <param name="count">Requests; negative: until cleared.</param>
    /// <param name="share">Of the requests that match, from 0 to 1.</param>
    /// <param name="route">As in <see cref="NomadDouble.Requests"/>; null: any.</param>
    public void Arm(FaultKind kind, int count, double share, string? route)
    {
        lock (_gate)
        {
            _armed.Add(new Armed(kind, route, share) { Left = count });
        }
    }

    public void MissWakeUps(int count) => Interlocked.Add(ref _missedWakeUps, count);

    public bool TakeMissedWakeUp()
    {
        lock (_gate)
        {
            if (_missedWakeUps == 0)
            {
                return false;
            }
            _missedWakeUps--;
            return true;
        }
    }

    public FaultKind Take(string route)
    {
        lock (_gate)
        {
            foreach (var armed in _armed)
            {
                if (armed.Left == 0 || (armed.Route is not null && armed.Route != route))
                {
                    continue;
                }
                // A share is exact over time, not a throw of dice: the same run breaks the same requests.
                armed.Owed += armed.Share;
                if (armed.Owed < 1)
                {
                    continue;
                }
                armed.Owed--;
                armed.Left = armed.Left > 0 ? armed.Left - 1 : armed.Left;
                return armed.Kind;
            }
            return FaultKind.None;
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _armed.Clear();
            _missedWakeUps = 0;
            Slowness = TimeSpan.Zero;
        }
    }

    private sealed class Armed(FaultKind kind, string? route, double share)
    {
        public FaultKind Kind => kind;

        public string? Route => route;

        public double Share => share;

        public int Left { get; set; }

        public double Owed { get; set; }
    }
}
