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

    public string ReadLog(string replica, ref long position) => inner.ReadLog(replica, ref position);

    public IAsyncEnumerable<ReplicaExit> WatchExitsAsync(CancellationToken cancellationToken) => inner.WatchExitsAsync(cancellationToken);

    public Task<IReadOnlyList<LeftReplica>> TakeOverAsync(CancellationToken cancellationToken)
    {
        mandate.ThrowIfEnded();
        return inner.TakeOverAsync(cancellationToken);
    }

    public string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes) => inner.SettingsOf(model, gpus, memoryBytes);

    public void NoteSleep(string replica, int level, long? hostBase) => inner.NoteSleep(replica, level, hostBase);

    public long NodeMemory(string node) => inner.NodeMemory(node);
}
