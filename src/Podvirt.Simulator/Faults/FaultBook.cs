namespace Podvirt.Simulator.Faults;

/// <summary>The faults in force. A request takes the ones that hit it; a counted fault leaves the book with its last hit.</summary>
internal sealed class FaultBook
{
    private readonly Lock _gate = new();
    private readonly List<Fault> _faults = [];
    private volatile bool _empty = true;

    public FaultBook(IEnumerable<Fault> initial)
    {
        foreach (var fault in initial)
        {
            Add(fault);
        }
    }

    public void Add(Fault fault)
    {
        lock (_gate)
        {
            _faults.Add(fault);
            _empty = false;
        }
    }

    public IReadOnlyList<Fault> Snapshot()
    {
        lock (_gate)
        {
            return [.. _faults];
        }
    }

    /// <summary>Removes the faults of this name, or all of them.</summary>
    public void Clear(string? name)
    {
        lock (_gate)
        {
            _faults.RemoveAll(fault => name is null || fault.Name == name);
            _empty = _faults.Count == 0;
        }
    }

    /// <summary>The fault of this name, one of its times used up; null when there is none (the common case, without a lock).</summary>
    public Fault? Take(string name) => TakeWhen(name, static _ => true);

    /// <summary>The same, of those that also meet a condition.</summary>
    public Fault? TakeWhen(string name, Predicate<Fault> condition)
    {
        if (_empty)
        {
            return null;
        }

        lock (_gate)
        {
            var index = _faults.FindIndex(fault => fault.Name == name && condition(fault));
            if (index < 0)
            {
                return null;
            }

            var fault = _faults[index];
            if (fault.Times is { } times)
            {
                if (times > 1)
                {
                    _faults[index] = fault with { Times = times - 1 };
                }
                else
                {
                    _faults.RemoveAt(index);
                    _empty = _faults.Count == 0;
                }
            }

            return fault;
        }
    }
}
