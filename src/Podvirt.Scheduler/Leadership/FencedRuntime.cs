using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Leadership;

/// <summary>The runtime as one leader may use it: nothing is begun after its time.</summary>
internal sealed class FencedRuntime(IReplicaRuntime inner, Mandate mandate) : IReplicaRuntime
{
    public ValueTask<RunningReplica> StartAsync(ReplicaStart start, CancellationToken cancellationToken)
    {
        mandate.ThrowIfEnded();
        return inner.StartAsync(start, cancellationToken);
    }

    /// <summary>A stop that was begun goes on: its intent stands, and whoever comes next ends the replica too.</summary>
    public Task StopAsync(string replica, CancellationToken cancellationToken)
    {
        mandate.ThrowIfEnded();
        return inner.StopAsync(replica, cancellationToken);
    }

    public IReadOnlyList<RunningReplica> List() => inner.List();

    public ValueTask<LogText> ReadLogAsync(string replica, LogPosition position, CancellationToken cancellationToken) =>
        inner.ReadLogAsync(replica, position, cancellationToken);

    public IAsyncEnumerable<ReplicaExit> WatchExitsAsync(CancellationToken cancellationToken) => inner.WatchExitsAsync(cancellationToken);

    public Task<IReadOnlyList<LeftReplica>> TakeOverAsync(CancellationToken cancellationToken)
    {
        mandate.ThrowIfEnded();
        return inner.TakeOverAsync(cancellationToken);
    }

    public string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes) => inner.SettingsOf(model, gpus, memoryBytes);

    public ValueTask NoteSleepAsync(string replica, int level, long? hostBase, CancellationToken cancellationToken)
    {
        mandate.ThrowIfEnded();
        return inner.NoteSleepAsync(replica, level, hostBase, cancellationToken);
    }

    public long NodeMemory(string node) => inner.NodeMemory(node);
}
