using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Placement;

/// <summary>Chooses gpus and, where memory is short, who has to leave. A pure function of the snapshot.</summary>
internal static class Planner
{
    /// <remarks>
    /// 1. For each usable gpu: what is free, and whom it would take to free enough.
    /// 2. Candidates are grouped by node and type, because a replica spans gpus of one node and one kind only.
    /// 3. In each group the cheapest gpus win: nothing to evict before waiting before sleepers before idle ones before busy
    ///    ones; among equals the fullest gpu (tightest fit), so that large holes stay for large models.
    /// 4. Victims that turn out not to be needed are dropped.
    /// </remarks>
    public static PlacementDecision Decide(PlacementSnapshot snapshot, PlacementRequest request)
    {
        if (request.Count == 0)
        {
            return new PlacementDecision(PlacementOutcome.Fits, [], []);
        }

        List<GpuOption>? best = null;
        foreach (var group in Usable(snapshot, request).GroupBy(gpu => (gpu.Node, gpu.Type)))
        {
            var options = group.Select(gpu => Consider(gpu, snapshot, request)).OfType<GpuOption>()
                .Order(GpuOptionComparer.Instance).Take(request.Count).ToList();
            if (options.Count == request.Count && (best is null || Compare(options, best) < 0))
            {
                best = options;
            }
        }

        if (best is null)
        {
            return PlacementDecision.NoRoom;
        }

        var gpus = best.Select(option => option.Gpu).OrderBy(gpu => gpu.Index).ToList();
        if (best.TrueForAll(option => option is { Victims.Count: 0, Waits: false }))
        {
            return new PlacementDecision(PlacementOutcome.Fits, gpus, []);
        }

        return new PlacementDecision(PlacementOutcome.Evict, gpus, Merge(best));
    }

    /// <summary>Why no such replica can ever run here, with the numbers; null when it could.</summary>
    public static string? WhyNever(IReadOnlyList<GpuDevice> gpus, int count, long bytes, bool? simulated)
    {
        if (count == 0)
        {
            return null;
        }

        var usable = gpus.Where(gpu => simulated is null || gpu.Simulated == simulated).ToList();
        var groups = usable.GroupBy(gpu => (gpu.Node, gpu.Type)).Select(group => group.ToList()).ToList();
        if (groups.Exists(group => group.Count(gpu => gpu.MemoryBytes >= bytes) >= count))
        {
            return null;
        }

        var needs = $"needs {count} × {Bytes(bytes)} on one node";
        if (groups.Count == 0)
        {
            var kind = simulated switch { true => "simulated ", false => "real ", null => "" };
            return $"{needs}; there is no {kind}gpu";
        }

        var largest = groups.MaxBy(group => (group.Max(gpu => gpu.MemoryBytes), group.Count))!;
        return $"{needs}; the largest is {largest.Count} × {Bytes(largest.Max(gpu => gpu.MemoryBytes))}";
    }

    private static IEnumerable<GpuDevice> Usable(PlacementSnapshot snapshot, PlacementRequest request) => snapshot.Gpus.Where(gpu =>
        !snapshot.Claimed.Contains(gpu.Id)
        && (request.OnlyGpus is null || request.OnlyGpus.Contains(gpu.Id))
        && (request.Simulated is null || gpu.Simulated == request.Simulated));

    /// <summary>One gpu by itself: null when it cannot be had within the scope.</summary>
    private static GpuOption? Consider(GpuDevice gpu, PlacementSnapshot snapshot, PlacementRequest request)
    {
        var held = snapshot.Holdings.Where(holding => holding.Gpus.Contains(gpu.Id)).ToList();
        var free = gpu.MemoryBytes - held.Sum(holding => holding.Bytes);
        if (free >= request.Bytes)
        {
            return new GpuOption(gpu, [], Waits: false, Slack: free - request.Bytes);
        }

        if (request.Scope == EvictionScope.None)
        {
            return null;
        }

        var coming = held.Where(holding => holding.Kind == HoldingKind.Leaving).Sum(holding => holding.Bytes - holding.BytesAfter);
        var missing = request.Bytes - free - coming;
        var chosen = ChooseVictims(held.Where(holding => holding.Replica != request.Self), missing, request.Scope);
        return chosen is null ? null : new GpuOption(gpu, chosen, Waits: coming > 0, Slack: 0);
    }

    /// <summary>The least that frees enough: sleepers, then idle ones, then busy ones, each by least recent use.</summary>
    private static List<Eviction>? ChooseVictims(IEnumerable<Holding> held, long missing, EvictionScope scope)
    {
        if (missing <= 0)
        {
            return [];
        }

        var order = held
            .Where(holding => holding.Kind is HoldingKind.Sleeping or HoldingKind.Idle
                || (holding.Kind == HoldingKind.Busy && scope == EvictionScope.Busy))
            .OrderBy(holding => holding.Kind).ThenBy(holding => holding.LastUsed).ThenBy(holding => holding.Replica, StringComparer.Ordinal)
            .ToList();
        var chosen = new List<Eviction>();
        var freed = 0L;
        foreach (var holding in order)
        {
            if (freed >= missing)
            {
                break;
            }

            var eviction = new Eviction(holding, Sleep: holding.Kind != HoldingKind.Sleeping && holding.BytesAfter < holding.Bytes);
            chosen.Add(eviction);
            freed += eviction.Freed;
        }

        // Where sleeping does not free enough, sleepers-to-be have to stop altogether, the last chosen first.
        for (var i = chosen.Count - 1; i >= 0 && freed < missing; i--)
        {
            if (chosen[i].Sleep)
            {
                freed += chosen[i].Holding.BytesAfter;
                chosen[i] = chosen[i] with { Sleep = false };
            }
        }

        if (freed < missing)
        {
            return null;
        }

        // The cheap ones came first; a later, larger one may have made them needless.
        chosen.RemoveAll(eviction =>
        {
            var needless = freed - eviction.Freed >= missing;
            freed -= needless ? eviction.Freed : 0;
            return needless;
        });
        return chosen;
    }

    /// <summary>One order per replica; where one gpu needs it stopped and another only asleep, it is stopped.</summary>
    private static List<Victim> Merge(List<GpuOption> options) =>
    [
        .. options.SelectMany(option => option.Victims).GroupBy(eviction => eviction.Holding.Replica)
            .Select(group => new Victim(group.Key, group.All(eviction => eviction.Sleep), group.First().Holding.Kind)),
    ];

    private static int Compare(List<GpuOption> left, List<GpuOption> right)
    {
        // The dearest gpu decides, then the next.
        for (var i = left.Count - 1; i >= 0; i--)
        {
            var order = GpuOptionComparer.Instance.Compare(left[i], right[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }

    private static string Bytes(long bytes)
    {
        const double GiB = 1L << 30;
        return $"{Math.Round(bytes / GiB, 1):0.#} GiB";
    }
}

/// <param name="Sleep">Sleep is enough; otherwise it is stopped.</param>
internal sealed record Eviction(Holding Holding, bool Sleep)
{
    public long Freed => Sleep ? Holding.Bytes - Holding.BytesAfter : Holding.Bytes;
}

/// <param name="Victims">Who has to leave for it.</param>
/// <param name="Waits">Somebody is leaving it already.</param>
/// <param name="Slack">What would stay free.</param>
internal sealed record GpuOption(GpuDevice Gpu, IReadOnlyList<Eviction> Victims, bool Waits, long Slack);

/// <summary>Cheapest first.</summary>
internal sealed class GpuOptionComparer : IComparer<GpuOption>
{
    public static GpuOptionComparer Instance { get; } = new();

    public int Compare(GpuOption? x, GpuOption? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        var order = Count(x, HoldingKind.Busy).CompareTo(Count(y, HoldingKind.Busy));
        order = order != 0 ? order : Count(x, HoldingKind.Idle).CompareTo(Count(y, HoldingKind.Idle));
        order = order != 0 ? order : Count(x, HoldingKind.Sleeping).CompareTo(Count(y, HoldingKind.Sleeping));
        order = order != 0 ? order : x.Waits.CompareTo(y.Waits);
        order = order != 0 ? order : LastUsed(x).CompareTo(LastUsed(y));
        order = order != 0 ? order : x.Slack.CompareTo(y.Slack);
        return order != 0 ? order : string.CompareOrdinal(x.Gpu.Id, y.Gpu.Id);
    }

    private static int Count(GpuOption option, HoldingKind kind) => option.Victims.Count(eviction => eviction.Holding.Kind == kind);

    private static TimeSpan LastUsed(GpuOption option) =>
        option.Victims.Count == 0 ? TimeSpan.Zero : option.Victims.Max(eviction => eviction.Holding.LastUsed);
}
