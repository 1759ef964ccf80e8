using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Placement;

/// <summary>One gpu's page of the memory ledger. Written by <see cref="MemoryLedger"/> only.</summary>
internal sealed class GpuAccount
{
    private EvictionStep[]? _steps;
    private double[]? _idleBounds;
    private double[]? _busyBounds;

    /// <param name="number">Its place in the ledger; settles ties.</param>
    public GpuAccount(GpuDevice device, int number)
    {
        Device = device;
        Number = number;
        Free = device.MemoryBytes;
    }

    public GpuDevice Device { get; }

    public int Number { get; }

    public List<Holding> Held { get; } = [];

    /// <summary>Negative while more is held than there is: a sleeper kept more than was hoped.</summary>
    public long Free { get; private set; }

    /// <summary>What those that are leaving will give back.</summary>
    public long Coming { get; private set; }

    /// <summary>What sleepers will want back, for how likely that is.</summary>
    public long Expected { get; private set; }

    /// <summary>Holders that change its memory, or are about to.</summary>
    public int Changing { get; private set; }

    /// <summary>Somebody who waits longer is having it freed: nobody else takes it now.</summary>
    public bool IsClaimed { get; set; }

    public ReadOnlySpan<EvictionStep> Steps => _steps ??= Evictions.Steps(Held);

    /// <summary>What it costs at least to free each of <see cref="LossTree.Sizes"/>.</summary>
    public ReadOnlySpan<double> Bounds(EvictionScope scope)
    {
        ref var bounds = ref scope == EvictionScope.Busy ? ref _busyBounds : ref _idleBounds;
        if (bounds is null)
        {
            bounds = new double[LossTree.Sizes.Length];
            Evictions.Bounds(Steps, Free + Coming, scope, LossTree.Sizes, bounds);
        }

        return bounds;
    }

    public void Add(Holding holding)
    {
        Held.Add(holding);
        Count(holding, 1);
    }

    public void Remove(Holding holding)
    {
        Held.Remove(holding);
        Count(holding, -1);
    }

    /// <summary>The same holding, of another worth.</summary>
    public void Replace(Holding before, Holding after)
    {
        Held[Held.IndexOf(before)] = after;
        Forget();
    }

    private void Count(Holding holding, int sign)
    {
        Free -= sign * holding.Bytes;
        Coming += holding.Kind == HoldingKind.Leaving ? sign * (holding.Bytes - holding.BytesAfter) : 0;
        Expected += sign * holding.ExpectedBytes;
        Changing += holding.IsChanging ? sign : 0;
        Forget();
    }

    private void Forget()
    {
        _steps = null;
        _idleBounds = null;
        _busyBounds = null;
    }
}
