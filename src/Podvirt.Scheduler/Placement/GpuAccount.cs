using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Placement;

/// <summary>One gpu's page of the memory ledger. Written by <see cref="MemoryLedger"/> only.</summary>
internal sealed class GpuAccount
{
    private EvictionStep[]? _steps;
    private int? _home;
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

    /// <summary>Nobody lives here but those that never leave.</summary>
    public bool IsUnused => Held.TrueForAll(static holding => holding.Kind == HoldingKind.Kept);

    /// <summary>Free for somebody new, beside what sleepers will want back; -1 where it is claimed or in a transition.</summary>
    public long Calm => Quiet < 0 ? -1 : Math.Max(-1, Free - Expected);

    /// <summary>The same without regard to what sleepers will want back.</summary>
    public long Quiet => IsClaimed || Changing > 0 ? -1 : Math.Max(-1, Free);

    /// <summary>
    /// Which of <see cref="Homes"/>' sizes lives here and has room for one more that sleeps; -1: none, or no more.
    /// </summary>
    public int Home => _home ??= FindHome();

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

    private int FindHome()
    {
        var (aside, largest, wanted, residue) = (0L, 0L, 0L, 0L);
        foreach (var holding in Held)
        {
            aside += holding.AsideBytes;
            if (holding.Kind != HoldingKind.Kept && holding.AwakeBytes > 0)
            {
                largest = Math.Max(largest, holding.AwakeBytes);
                wanted = Math.Max(wanted, holding.AwakeBytes - holding.AsideBytes);
                residue = Math.Max(residue, holding.AsideBytes);
            }
        }

        // The newcomer will leave about as much there as the others do.
        var hasRoom = Device.MemoryBytes - aside - wanted >= residue;
        return largest > 0 && hasRoom ? Homes.SizeOf(largest, Device.MemoryBytes) : -1;
    }

    private void Forget()
    {
        _home = null;
        _steps = null;
        _idleBounds = null;
        _busyBounds = null;
    }
}
