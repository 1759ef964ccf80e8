using Microsoft.Extensions.Logging;

namespace Podvirt.Scheduler;

/// <summary>Nomad and the nodes: ids 2080 to 2099.</summary>
internal static partial class SchedulerLog
{
    [LoggerMessage(2080, LogLevel.Warning, "Node {Node} could not be measured, or its report not sent")]
    public static partial void NodeUnreported(ILogger logger, string node, Exception exception);

    [LoggerMessage(2081, LogLevel.Information, "Replica {Replica}: job {Job}, allocation {Allocation} on node {Node}")]
    public static partial void Allocated(ILogger logger, string replica, string job, string allocation, string node);

    [LoggerMessage(2082, LogLevel.Warning, "Replica {Replica}: {Detail}")]
    public static partial void AllocationEnded(ILogger logger, string replica, string detail);

    [LoggerMessage(2083, LogLevel.Warning, "Nomad's allocations are watched anew: {Detail}")]
    public static partial void WatchFailed(ILogger logger, string detail);

    [LoggerMessage(2084, LogLevel.Information, "This Nomad agent has no event stream: allocations are watched by blocking queries")]
    public static partial void NoEventStream(ILogger logger);

    [LoggerMessage(2086, LogLevel.Warning, "Job {Job} could not be removed, and it is tried again: {Detail}")]
    public static partial void JobUnremoved(ILogger logger, string job, string detail);

    [LoggerMessage(2087, LogLevel.Warning, "Nomad warns about job {Job}: {Warnings}")]
    public static partial void JobWarned(ILogger logger, string job, string warnings);

    [LoggerMessage(2088, LogLevel.Error, "Node reports can no longer be heard, and are listened for anew")]
    public static partial void NodesUnheard(ILogger logger, Exception exception);

    [LoggerMessage(2089, LogLevel.Warning, "Node {Node} ({Id}) has no node agent that reports: nothing is placed on its gpus")]
    public static partial void NodeSilent(ILogger logger, string node, string id);
}
