using Podvirt.Scheduler;

namespace Podvirt.Configuration;

/// <summary>Reads <c>scheduler</c>.</summary>
internal static class SchedulerReader
{
    public static SchedulerSettings Read(MapReader top)
    {
        var defaults = new SchedulerSettings();
        if (top.TakeMap("scheduler", "scheduler: { placement: pack }") is not { } map)
        {
            return defaults;
        }
        var settings = new SchedulerSettings
        {
            Placement = map.TakeWord("placement", defaults.Placement, ("pack", PlacementOrder.Pack), ("spread", PlacementOrder.Spread)),
            MemoryPrice = map.TakeNumber("memory_price", defaults.MemoryPrice, 0, 1000),
            HostMemoryBytes = map.TakeMemory("host_memory", 0, 1L << 50),
            ResidencyMin = map.TakeDuration("residency_min", TimeSpan.Zero, TimeSpan.FromHours(1)) ?? defaults.ResidencyMin,
            ScaleInShare = map.TakeNumber("scale_in_share", defaults.ScaleInShare, 0, 1),
            ScaleInAfter = map.TakeDuration("scale_in_after", TimeSpan.Zero, TimeSpan.FromHours(24)) ?? defaults.ScaleInAfter,
            Prewarm = map.TakeWord("prewarm", defaults.Prewarm, ("true", true), ("false", false)),
        };
        map.Close();
        return settings;
    }
}
