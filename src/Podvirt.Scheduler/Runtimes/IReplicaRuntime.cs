using Podvirt.Core.Gpus;
using Podvirt.Core.Models;

namespace Podvirt.Scheduler.Runtimes;

/// <param name="MemoryBytes">What the engine may take on each gpu: the model's need, or a little less where less is free.</param>
internal sealed record ReplicaStart(string Replica, ModelSpec Model, IReadOnlyList<GpuDevice> Gpus, long MemoryBytes);

/// <param name="Address">Where the engine will listen.</param>
/// <param name="ApiKey">Its own key, made for it alone.</param>
/// <param name="Process">The first process's id, which names its session; 0: it runs on another machine.</param>
/// <param name="Gpus">Device ids, where the runtime chose others than it was asked for; null: it did not.</param>
internal sealed record RunningReplica(
    string Replica, string Model, string Address, string ApiKey, int Process, IReadOnlyList<string>? Gpus = null);

/// <summary>A replica of an earlier run: its process still is what it was, or something is left of it that has to be removed.</summary>
/// <param name="Gpus">Device ids.</param>
/// <param name="MemoryBytes">What its engine was told to take on each of them.</param>
/// <param name="Settings">Equal to <see cref="IReplicaRuntime.SettingsOf"/> of the same start where nothing has changed since.</param>
/// <param name="SleepLevel">How deep its last sleep was to be; 0 before the first.</param>
/// <param name="HostBase">What its processes held of host memory before their first sleep, in bytes; null: not measured.</param>
/// <param name="Defect">Why it cannot serve any more; null: it runs.</param>
internal sealed record LeftReplica(
    RunningReplica Running, int Revision, IReadOnlyList<string> Gpus, long MemoryBytes, string Settings, int SleepLevel, long? HostBase = null,
    string? Defect = null);

/// <param name="Detail">How it ended, for people: exit code or signal, and the last line of its log.</param>
internal sealed record ReplicaExit(string Replica, string Detail);

/// <summary>How far a replica's log has been read. Zero is the beginning.</summary>
/// <param name="Output">Bytes of what it wrote, or of its standard output where its errors have a file of their own.</param>
/// <param name="Errors">Bytes of that file.</param>
internal readonly record struct LogPosition(long Output, long Errors);

/// <param name="Text">Empty where there is nothing new.</param>
/// <param name="End">Where to read on.</param>
internal readonly record struct LogText(string Text, LogPosition End);

/// <summary>Where replicas run.</summary>
internal interface IReplicaRuntime
{
    /// <summary>Starts the process; returns before the engine answers.</summary>
    /// <exception cref="ReplicaStartException">It could not be started at all.</exception>
    ValueTask<RunningReplica> StartAsync(ReplicaStart start, CancellationToken cancellationToken);

    /// <summary>Ends the replica and all of its processes; returns when they are gone. Cancelling skips the grace, not the wait.</summary>
    Task StopAsync(string replica, CancellationToken cancellationToken);

    /// <summary>Everything that runs now, as far as is known here; where several schedulers stand by for each other, whoever started it.</summary>
    IReadOnlyList<RunningReplica> List();

    /// <summary>The text that a replica wrote, from a position on.</summary>
    ValueTask<LogText> ReadLogAsync(string replica, LogPosition position, CancellationToken cancellationToken);

    /// <summary>Replicas that ended, whoever ended them. Completes with the runtime.</summary>
    IAsyncEnumerable<ReplicaExit> WatchExitsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Takes over what an earlier run left, before anything is placed: replicas that still run are known from here on, and
    /// stopped like any other. What is left of others is removed, or told with its defect where its removal may take long.
    /// </summary>
    Task<IReadOnlyList<LeftReplica>> TakeOverAsync(CancellationToken cancellationToken);

    /// <summary>What a replica would be started with, apart from what is its own: port, key, nonce.</summary>
    string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes);

    /// <summary>Notes how deep a replica is about to sleep, for a run after this one.</summary>
    /// <param name="hostBase">What its processes held of host memory before their first sleep, in bytes; null: not measured.</param>
    /// <exception cref="IOException">It cannot be written down.</exception>
    ValueTask NoteSleepAsync(string replica, int level, long? hostBase, CancellationToken cancellationToken);

    /// <summary>All of a node's own memory that replicas may use, in bytes; 0: unknown.</summary>
    long NodeMemory(string node);
}

/// <summary>A replica could not be started; the message is for people.</summary>
internal sealed class ReplicaStartException : Exception
{
    public ReplicaStartException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
