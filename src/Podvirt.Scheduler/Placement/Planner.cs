using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Placement;

/// <summary>Chooses gpus and, where memory is short, who has to leave. A pure function of the ledger, which it does not change.</summary>
internal static class Planner
{
    /// <remarks>
    /// 1. A wake looks at its own gpus only.
    /// 2. Free memory: the groups (one node, one type) are kept sorted by what they can offer, so that a home among its like,
    ///    the tightest fit, or the widest where replicas are spread, is found without a look at the others. Gpus in a memory
    ///    transition come last.
    /// 3. Evictions: the group where the least worth has to leave. Bounds on what freeing memory costs are kept for each
    ///    group, and the most promising groups are looked at in full.
    /// </remarks>
    public static PlacementDecision Decide(MemoryLedger ledger, PlacementRequest request)
    {
        if (request.Count == 0)
        {
            return new PlacementDecision(PlacementOutcome.Fits, [], []);
        }

        if (request.OnlyGpus is { } own)
        {
            return ToDecision(ConsiderOwn(ledger, own, request));
        }

        var pools = Pools(ledger, request.Simulated);
        foreach (var pool in pools)
        {
            if (pool.FindFree(request) is { } group)
            {
                return new PlacementDecision(PlacementOutcome.Fits, Free(group, request), []);
            }
        }

        if (request.Scope == EvictionScope.None)
        {
            return PlacementDecision.NoRoom;
        }

        GroupOption? best = null;
        foreach (var pool in pools)
        {
            var option = pool.FindCheapest(request);
            best = GroupOptionComparer.Instance.Compare(option, best) < 0 ? option : best;
        }

        return ToDecision(best);
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

    private static GpuPool[] Pools(MemoryLedger ledger, bool? simulated) => simulated switch
    {
        true => [ledger.Simulated],
        false => [ledger.Real],
        null => [ledger.Real, ledger.Simulated],
    };

    private static GroupOption? ConsiderOwn(MemoryLedger ledger, IReadOnlyList<string> own, PlacementRequest request)
    {
        var options = new List<GpuOption>(own.Count);
        foreach (var id in own)
        {
            var account = ledger.Account(id);
            if (!account.IsClaimed && GpuGroup.Consider(account, request) is { } option)
            {
                options.Add(option);
            }
        }

        return GpuGroup.Cheapest(ledger.Group(own[0]), options, request.Count);
    }

    /// <summary>
    /// Of a group's gpus with enough free: quiet ones first; packing, those where its like live, then unused ones, then those
    /// where others live; then by the order asked for.
    /// </summary>
    private static List<GpuDevice> Free(GpuGroup group, PlacementRequest request)
    {
        var isPacked = request.Order == PlacementOrder.Pack;
        var options = new List<(int Rank, long Order, GpuAccount Gpu)>(group.Gpus.Count);
        foreach (var gpu in group.Gpus)
        {
            if (gpu.IsClaimed || gpu.Free < request.Bytes)
            {
                continue;
            }

            var rank = Rank(gpu, request, isPacked);
            var isWidest = !isPacked || rank is 0 or 2 or 3 or 4;
            options.Add((rank, (isWidest ? -1 : 1) * (gpu.Free - gpu.Expected), gpu));
        }

        options.Sort(static (x, y) => (x.Rank, x.Order, x.Gpu.Number).CompareTo((y.Rank, y.Order, y.Gpu.Number)));
        return [.. options.Take(request.Count).Select(option => option.Gpu.Device).OrderBy(gpu => gpu.Index)];
    }

    /// <summary>In the order in which <see cref="Homes"/> and the pool look for groups.</summary>
    private static int Rank(GpuAccount gpu, PlacementRequest request, bool isPacked)
    {
        var isCalm = gpu.Calm >= request.Bytes;
        if (gpu.Changing > 0)
        {
            return 7;
        }

        if (!isPacked || (gpu.Home < 0 && !gpu.IsUnused))
        {
            return isCalm ? 5 : 6;
        }

        var isLike = gpu.Home == Homes.SizeOf(request.Bytes, gpu.Device.MemoryBytes);
        return (gpu.IsUnused, isLike, isCalm) switch
        {
            (true, _, _) => 1,
            (_, true, true) => 0,
            (_, false, true) => 2,
            (_, true, false) => 3,
            _ => 4,
        };
    }

    private static PlacementDecision ToDecision(GroupOption? option)
    {
        if (option is null)
        {
            return PlacementDecision.NoRoom;
        }

        var gpus = option.Gpus.Select(gpu => gpu.Gpu.Device).OrderBy(gpu => gpu.Index).ToList();
        return option.Gpus.All(gpu => gpu.IsFree)
            ? new PlacementDecision(PlacementOutcome.Fits, gpus, [])
            : new PlacementDecision(PlacementOutcome.Evict, gpus, Victims(option), option.Loss);
    }

    /// <summary>One order per replica; where one gpu needs it stopped and another only asleep, it is stopped.</summary>
    private static List<Victim> Victims(GroupOption option) =>
    [
        .. option.Gpus.SelectMany(gpu => gpu.Evictions).Where(eviction => eviction.Holding.Kind != HoldingKind.Rising)
            .GroupBy(eviction => eviction.Holding.Replica)
            .Select(group => new Victim(group.Key, group.All(eviction => eviction.Sleep), group.First().Holding.Kind)),
    ];

    private static string Bytes(long bytes)
    {
        const double GiB = 1L << 30;
        return $"{Math.Round(bytes / GiB, 1):0.#} GiB";
    }
}
