using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Tests.Placement;

/// <summary>The planner without an index: every gpu against every holding, for each decision anew.</summary>
internal static class ReferencePlanner
{
    /// <param name="Outcome">What the planner has to say.</param>
    /// <param name="Slack">Fits: free bytes that stay on the gpu that decides between groups, by the order asked for.</param>
    /// <param name="Loss">Evict: the worth of those who have to leave.</param>
    public sealed record Answer(PlacementOutcome Outcome, double Loss);

    public static Answer Decide(RandomLedger world, PlacementRequest request)
    {
        var groups = world.Gpus
            .Where(gpu => !world.Claimed.Contains(gpu.Id) && (request.Simulated is null || gpu.Simulated == request.Simulated))
            .GroupBy(gpu => (gpu.Node, gpu.Type, gpu.Simulated)).ToList();
        if (groups.Exists(group => group.Count(gpu => Free(world, gpu) >= request.Bytes) >= request.Count))
        {
            return new Answer(PlacementOutcome.Fits, 0);
        }

        var losses = groups
            .Select(group => group.Select(gpu => Loss(world, gpu, request)).Where(double.IsFinite).Order().Take(request.Count).ToList())
            .Where(losses => losses.Count == request.Count).Select(losses => losses.Sum()).ToList();
        return losses.Count == 0 || request.Scope == EvictionScope.None
            ? new Answer(PlacementOutcome.NoRoom, 0)
            : new Answer(PlacementOutcome.Evict, losses.Min());
    }

    private static long Free(RandomLedger world, GpuDevice gpu) => gpu.MemoryBytes - On(world, gpu).Sum(holding => holding.Bytes);

    private static double Loss(RandomLedger world, GpuDevice gpu, PlacementRequest request)
    {
        var held = On(world, gpu).ToList();
        var coming = held.Where(holding => holding.Kind == HoldingKind.Leaving).Sum(holding => holding.Bytes - holding.BytesAfter);
        var missing = request.Bytes - Free(world, gpu) - coming;
        if (missing <= coming && Free(world, gpu) >= request.Bytes)
        {
            return 0;
        }

        var chosen = Evictions.Choose(Evictions.Steps(held), missing, request.Scope, request.Self);
        if (chosen is null)
        {
            return double.PositiveInfinity;
        }

        Evictions.DropNeedless(chosen, missing);
        return chosen.Sum(eviction => eviction.Loss);
    }

    private static IEnumerable<Holding> On(RandomLedger world, GpuDevice gpu) =>
        world.Held.Values.Where(holding => holding.Gpus.Contains(gpu.Id));
}
