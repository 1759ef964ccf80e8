namespace Podvirt.Scheduler;

/// <summary>What this process's scheduler is.</summary>
public enum SchedulerRole
{
    /// <summary>Another one leads, or none does yet. It decides nothing, and is ready to take over.</summary>
    Standby,

    /// <summary>It decides.</summary>
    Leader,
}

/// <param name="Role">What it is.</param>
/// <param name="Since">UTC.</param>
/// <param name="Epoch">Of whoever leads, as last heard; 0: not heard of any.</param>
/// <param name="Leader">Whoever leads, as last heard: host and process; empty where nobody is known to.</param>
/// <param name="IsAlone">No other process can lead.</param>
/// <param name="Problem">Why it could not become the leader at its last try, where that is not that another one is; null: nothing.</param>
public sealed record SchedulerStatus(SchedulerRole Role, DateTimeOffset Since, long Epoch, string Leader, bool IsAlone, string? Problem);

/// <summary>Whether the scheduler of this process leads. Where no other process can lead, it always does.</summary>
public interface ISchedulerStatus
{
    SchedulerStatus Current { get; }
}
