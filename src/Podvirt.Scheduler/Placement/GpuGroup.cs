namespace Podvirt.Scheduler.Placement;

/// <summary>The gpus of one node and one type: a replica spans no more than these.</summary>
internal sealed class GpuGroup
{
    /// <param name="number">Its place in its pool; settles ties.</param>
    public GpuGroup(string node, string type, int number, IReadOnlyList<GpuAccount> gpus)
    {
        Node = node;
        Type = type;
        Number = number;
        Gpus = gpus;
        FreeSorted = new long[gpus.Count];
        QuietSorted = new long[gpus.Count];
        CalmSorted = new long[gpus.Count];
    }

    public string Node { get; }

    public string Type { get; }

    public int Number { get; }

    public IReadOnlyList<GpuAccount> Gpus { get; }

    /// <summary>Waits for its bounds to follow a change of worth.</summary>
    public bool IsFaded { get; set; }

    /// <summary>As the pool's indexes know it: free bytes of each gpu, the most first; -1 where it is claimed.</summary>
    public long[] FreeSorted { get; }

    /// <summary>The same, with -1 also where a memory transition is under way.</summary>
    public long[] QuietSorted { get; }

    /// <summary>The same, without what sleepers will want back.</summary>
    public long[] CalmSorted { get; }

    /// <summary>The cheapest <paramref name="request"/>.Count gpus of the group, or null.</summary>
    public GroupOption? Consider(PlacementRequest request)
    {
        var options = new List<GpuOption>(Gpus.Count);
        foreach (var gpu in Gpus)
        {
            if (!gpu.IsClaimed && Consider(gpu, request) is { } option)
            {
                options.Add(option);
            }
        }

        return Cheapest(this, options, request.Count);
    }

    public static GroupOption? Cheapest(GpuGroup group, List<GpuOption> options, int count)
    {
        if (options.Count < count)
        {
            return null;
        }

        options.Sort(GpuOptionComparer.Instance);
        options.RemoveRange(count, options.Count - count);
        return new GroupOption(group, options, options.Sum(option => option.Loss), options.Exists(option => option.Waits));
    }

    /// <summary>One gpu by itself: null when it cannot be had within the scope.</summary>
    public static GpuOption? Consider(GpuAccount gpu, PlacementRequest request)
    {
        if (gpu.Free >= request.Bytes)
        {
            return new GpuOption(gpu, [], Waits: gpu.Changing > 0, Slack: gpu.Free - request.Bytes, Loss: 0);
        }

        if (request.Scope == EvictionScope.None)
        {
            return null;
        }

        var missing = request.Bytes - gpu.Free - gpu.Coming;
        var chosen = Evictions.Choose(gpu.Steps, missing, request.Scope, request.Self);
        if (chosen is null)
        {
            return null;
        }

        Evictions.DropNeedless(chosen, missing);
        return new GpuOption(gpu, chosen, Waits: true, Slack: -1, chosen.Sum(eviction => eviction.Loss));
    }
}

/// <param name="Evictions">Who has to leave for it.</param>
/// <param name="Waits">It is not free and quiet now.</param>
/// <param name="Slack">What would stay free; -1 where it is not free now.</param>
/// <param name="Loss">The worth of what is evicted.</param>
internal sealed record GpuOption(GpuAccount Gpu, IReadOnlyList<Eviction> Evictions, bool Waits, long Slack, double Loss)
{
    public bool IsFree => Slack >= 0;
}

internal sealed record GroupOption(GpuGroup Group, IReadOnlyList<GpuOption> Gpus, double Loss, bool Waits);

/// <summary>Cheapest first; among equals those that need no wait, then the fullest.</summary>
internal sealed class GpuOptionComparer : IComparer<GpuOption>
{
    public static GpuOptionComparer Instance { get; } = new();

    public int Compare(GpuOption? x, GpuOption? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        var order = x.Loss.CompareTo(y.Loss);
        order = order != 0 ? order : x.Waits.CompareTo(y.Waits);
        order = order != 0 ? order : x.Slack.CompareTo(y.Slack);
        return order != 0 ? order : x.Gpu.Number.CompareTo(y.Gpu.Number);
    }
}

/// <summary>The least loss, then no wait, then the group's place. Null is the dearest.</summary>
internal sealed class GroupOptionComparer : IComparer<GroupOption>
{
    public static GroupOptionComparer Instance { get; } = new();

    public int Compare(GroupOption? x, GroupOption? y)
    {
        if (x is null || y is null)
        {
            return (x is null).CompareTo(y is null);
        }

        var order = x.Loss.CompareTo(y.Loss);
        order = order != 0 ? order : x.Waits.CompareTo(y.Waits);
        return order != 0 ? order : x.Group.Number.CompareTo(y.Group.Number);
    }
}
