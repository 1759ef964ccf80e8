using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>What the loop is told at its start.</summary>
internal sealed record LoopSettings
{
    public required SchedulerOptions Options { get; init; }

    public required IReadOnlyList<GpuDevice> Gpus { get; init; }

    /// <summary>Host memory that sleepers may hold on each node; a node that is not named has no limit.</summary>
    public IReadOnlyDictionary<string, long> HostBytes { get; init; } = new Dictionary<string, long>();

    /// <summary>Higher than every earlier run's.</summary>
    public required long Epoch { get; init; }

    public IReadOnlyDictionary<string, StartHistory> Histories { get; init; } = new Dictionary<string, StartHistory>();

    /// <summary>Makes replica ids; they sort by time.</summary>
    public required Func<string> NewReplicaId { get; init; }

    /// <summary>Models that an operator pinned.</summary>
    public IReadOnlyCollection<string> Pinned { get; init; } = [];

    /// <summary>Gpus that an operator drained.</summary>
    public IReadOnlyCollection<string> Drained { get; init; } = [];

    /// <summary>Models that an operator sent to sleep, and that were not used since.</summary>
    public IReadOnlyCollection<string> SentToSleep { get; init; } = [];

    /// <summary>Hears of every change; null: nobody does.</summary>
    public ILoopListener? Listener { get; init; }

    /// <summary>Reads an environment variable: the keys of external engines.</summary>
    public Func<string, string?> Environment { get; init; } = _ => null;
}
