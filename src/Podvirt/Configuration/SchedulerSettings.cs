using Podvirt.Scheduler;

namespace Podvirt.Configuration;

/// <summary>Where replicas go, and when they leave.</summary>
internal sealed record SchedulerSettings
{
    /// <summary>Which of the gpus with enough free memory a replica gets.</summary>
    public PlacementOrder Placement { get; init; } = PlacementOrder.Pack;

    /// <summary>Seconds of waiting that are as bad as a second of holding a whole gpu. 0 to 1000.</summary>
    public decimal MemoryPrice { get; init; } = 0.02m;

    /// <summary>Host memory that level-1 sleepers may hold; null: three quarters of the machine's. 0 B to 1 PiB.</summary>
    public long? HostMemoryBytes { get; init; }

    /// <summary>How long a replica serves at least before it gives way to another model. 0 s to 1 h.</summary>
    public TimeSpan ResidencyMin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Part of the remaining slots into which all requests must fit before one of several replicas leaves. 0 to 1.</summary>
    public decimal ScaleInShare { get; init; } = 0.75m;

    /// <summary>For how long. 0 s to 24 h.</summary>
    public TimeSpan ScaleInAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Starts models ahead of the time of day at which they are usually used.</summary>
    public bool Prewarm { get; init; }
}
