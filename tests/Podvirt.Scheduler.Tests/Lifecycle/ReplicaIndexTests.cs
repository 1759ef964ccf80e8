using Podvirt.Core.Gpus;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class ReplicaIndexTests
{
    [Fact]
    public void Replica_IsFoundByItsModelAndItsGpus_UntilItIsRemoved()
    {
        var (index, gpus) = (new ReplicaIndex(), Make.Gpus(3, 80));
        var (one, two) = (Of("a", gpus.Take(2)), Of("a", gpus.Skip(1)));
        index.Add(one);
        index.Add(two);
        var before = index.OfModel("a");
        Assert.Equal([one, two], before);
        Assert.Equal([[one], [one, two], [two]], gpus.Select(gpu => index.OnGpu(gpu.Id)));

        index.Remove(one);
        Assert.Equal([one, two], before);
        Assert.Equal([two], index.OfModel("a"));
        Assert.Equal([[], [two], [two]], gpus.Select(gpu => index.OnGpu(gpu.Id)));
        index.Remove(two);
        Assert.Empty(index.OfModel("a"));
    }

    [Fact]
    public void Gpus_AreQuiet_UnlessAnotherChangesTheirMemory()
    {
        var (index, gpus) = (new ReplicaIndex(), Make.Gpus(2, 80));
        var starting = Of("a", gpus.Take(1));
        starting.State = ReplicaState.Starting;
        index.Add(starting);
        Assert.False(index.AreQuiet([gpus[0].Id], null));
        Assert.True(index.AreQuiet([gpus[0].Id], starting));
        Assert.True(index.AreQuiet([gpus[1].Id], null));
    }

    private static int s_ids;

    private static Replica Of(string model, IEnumerable<GpuDevice> gpus) =>
        new($"r{Interlocked.Increment(ref s_ids)}", Make.Model(model), [.. gpus], TimeSpan.Zero);
}
