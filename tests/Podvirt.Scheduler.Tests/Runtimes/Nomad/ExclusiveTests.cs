using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Tests.Doubles;
using Podvirt.Scheduler.Tests.EndToEnd;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

/// <summary>Gpus that Nomad hands out, whole.</summary>
public sealed class ExclusiveTests
{
    private static readonly NomadDoubleNode s_node = new("a", new NomadDoubleGpus("H100", 80 << 10, "GPU-1", "GPU-2"), new NomadDoubleGpus("A100", 80 << 10, "GPU-3"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Replica_ClaimsItsGpus_AndRunsOnThem()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [s_node] });
        var runtime = await world.RuntimeAsync(Exclusive);
        var (first, second) = (await StartAsync(runtime, world, "r1"), await StartAsync(runtime, world, "r2"));
        Assert.Equal(["GPU-1", "GPU-2"], first.Gpus!.Concat(second.Gpus!).Order(StringComparer.Ordinal));

        var left = await (await world.RuntimeAsync(Exclusive)).TakeOverAsync(Token);
        Assert.Equal(first.Gpus, left.Single(replica => replica.Running.Replica == "r1").Gpus);
        await runtime.StopAsync("r1", Token);
        await runtime.StopAsync("r2", Token);
    }

    [Fact]
    public async Task GpusThatOthersHold_AreCounted_AndTheJobIsRemovedWhenItStops()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [s_node] });
        var runtime = await world.RuntimeAsync(nomad =>
        {
            Exclusive(nomad);
            nomad.PlacementTimeout = TimeSpan.FromMilliseconds(500);
        });
        await StartAsync(runtime, world, "r1");
        var exception = await Assert.ThrowsAsync<ReplicaStartException>(async () =>
            await runtime.StartAsync(new ReplicaStart("r2", Big(2), [.. world.Gpus.Take(2)], 60 * Make.GiB), Token));
        Assert.Equal("no node has 2 × 60 GiB gpus of one kind free: at most 1 of 2 × 80 GiB (nvidia/gpu/H100 on a)", exception.Message);
        await runtime.StopAsync("r2", Token);
        Assert.Equal([world.JobOf("r1")], await world.JobsAsync());
        await runtime.StopAsync("r1", Token);
    }

    [Fact]
    public async Task GpusThatAreNotThere_AreToldAtOnce()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [s_node] });
        var runtime = await world.RuntimeAsync(nomad =>
        {
            Exclusive(nomad);
            nomad.PlacementTimeout = TimeSpan.FromMinutes(10);
        });
        var exception = await Assert.ThrowsAsync<ReplicaStartException>(async () =>
            await runtime.StartAsync(new ReplicaStart("r1", Big(1) with { Gpu = new GpuNeed(1, 90 * Make.GiB) }, [world.Gpus[0]], 90 * Make.GiB), Token));
        Assert.Equal("no node has 1 × 90 GiB gpus of one kind: the most is 2 × 80 GiB (nvidia/gpu/H100 on a)", exception.Message);
        await runtime.StopAsync("r1", Token);
    }

    [Fact]
    public async Task Sleeper_KeepsItsGpu_AndIsStoppedWhenAnotherNeedsIt()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [new NomadDoubleNode("a", new NomadDoubleGpus("H100", 80 << 10, "GPU-1"))] });
        var options = world.Options(Exclusive);
        options.ResidencyMin = TimeSpan.FromMilliseconds(100);
        await using var host = new SchedulerHost(world.Data, options, world.Store, world.Bus);
        var one = NomadWorld.Model("one", 20) with { Idle = new IdleSpec(TimeSpan.FromMilliseconds(300), null) };
        await host.StartAsync(one, NomadWorld.Model("two", 20));
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var first = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        Assert.Equal(["GPU-1"], first.Replicas[0].Gpus);
        await host.DemandAsync();
        await host.UntilAsync("one", route => route.Replicas.Any(replica => replica.State == ReplicaState.Sleeping), "asleep");
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var woken = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "awake");
        Assert.Equal(first.Replicas[0].Id, woken.Replicas[0].Id);
        await host.DemandAsync();
        await host.UntilAsync("one", route => route.Replicas.Any(replica => replica.State == ReplicaState.Sleeping), "asleep again");

        await host.DemandAsync(new ModelDemand("two", 1, 10, 0));
        await host.UntilAsync("two", route => route.Status == ModelStatus.Active, "active");
        await host.UntilAsync("one", route => route is { Status: ModelStatus.Cold, Replicas.Count: 0 }, "cold");
        Assert.Single(await world.JobsAsync());
    }

    private static void Exclusive(NomadOptions nomad) => nomad.Placement = NomadPlacement.Exclusive;

    private static ModelSpec Big(int count) => NomadWorld.Command("sleep 600") with { Gpu = new GpuNeed(count, 60 * Make.GiB) };

    private static async Task<RunningReplica> StartAsync(IReplicaRuntime runtime, NomadWorld world, string replica) =>
        await runtime.StartAsync(new ReplicaStart(replica, Big(1), [world.Gpus.First(gpu => gpu.Type == "H100")], 60 * Make.GiB), Token);
}
