using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Tests.EndToEnd;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

/// <summary>The whole scheduler on Nomad, with node agents that measure.</summary>
public sealed class NomadSchedulerTests
{
    [Fact]
    public async Task TwoSleepersAndOneActive_LiveOnOneGpu_AndWakeAndStop()
    {
        await using var world = await NomadWorld.StartAsync();
        var options = world.Options();
        options.ResidencyMin = TimeSpan.FromMilliseconds(100);
        await using var host = new SchedulerHost(world.Data, options, world.Store, world.Bus);
        // Each is idle only once another asks: 60 of 80 GiB awake, little asleep.
        string[] models = ["one", "two", "three"];
        await host.StartAsync([.. models.Select(id => NomadWorld.Model(id, 60))]);
        foreach (var model in models)
        {
            await host.DemandAsync(new ModelDemand(model, 1, 10, 0));
            await host.UntilAsync(model, route => route.Status == ModelStatus.Active, "active");
        }

        var replicas = new Dictionary<string, string>();
        foreach (var model in models)
        {
            var route = await host.UntilAsync(model, route => route.Replicas.Count == 1, "there");
            Assert.Equal([world.Double is null ? route.Replicas[0].Gpus[0] : "SIM-node-1-0"], route.Replicas[0].Gpus);
            Assert.Equal(model == "three" ? ReplicaState.Active : ReplicaState.Sleeping, route.Replicas[0].State);
            replicas[model] = route.Replicas[0].Id;
        }

        Assert.Equal(3, (await world.JobsAsync()).Count);
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var awake = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "awake");
        Assert.Equal(replicas["one"], Assert.Single(awake.Replicas).Id);
        await host.UntilAsync("three", route => route.Status == ModelStatus.Sleeping, "asleep");

        await host.DemandAsync();
        await host.ApplyAsync(2);
        while ((await world.JobsAsync()).Count > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task StartThatFails_SaysWhy_AndKeepsTheLog()
    {
        await using var world = await NomadWorld.StartAsync();
        await using var host = new SchedulerHost(world.Data, world.Options(), world.Store, world.Bus);
        await host.StartAsync(NomadWorld.Model("bad", 20, "--sim-fault", "fail-start"));
        await host.DemandAsync(new ModelDemand("bad", 1, 10, 0));
        var failed = await host.UntilAsync("bad", route => route is { Status: ModelStatus.Failed, FailedReplicas: 1 }, "failed");
        Assert.Equal("model_start_failed", failed.Failure?.Code);
        Assert.Contains("failed on ", failed.Failure?.Reason, StringComparison.Ordinal);
        Assert.Contains("rror", await host.Logs.ReadTailAsync("bad", 10, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EngineThatNobodyWants_OnANodeOutOfReach_HoldsUpNothing()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [new NomadDoubleNode("a"), new NomadDoubleNode("b")] });
        var before = await world.RuntimeAsync();
        await before.StartAsync(world.Start("gone", gpu: 0), TestContext.Current.CancellationToken);
        await world.Double!.LoseNodeAsync("a");
        await using var host = new SchedulerHost(world.Data, world.Options(), world.Store, world.Bus);
        await host.StartAsync(NomadWorld.Model("one", 20));
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        Assert.Contains(world.JobOf("gone"), await world.JobsAsync());

        world.Double.ReturnNode("a");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await world.JobsAsync()).Contains(world.JobOf("gone")))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }

    [Fact]
    public async Task DrainedNode_IsLeft_ForAnother()
    {
        await using var world = await NomadWorld.StartAsync(new NomadDoubleOptions { Nodes = [new NomadDoubleNode("a"), new NomadDoubleNode("b")] });
        await using var host = new SchedulerHost(world.Data, world.Options(), world.Store, world.Bus);
        await host.StartAsync(NomadWorld.Model("one", 20));
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var first = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        var node = first.Replicas[0].Gpus[0].Split('-')[1];
        world.Double!.DrainNode(node);
        var second = await host.UntilAsync(
            "one", route => route.Replicas.Any(replica => replica.Admits && replica.Id != first.Replicas[0].Id), "served elsewhere");
        Assert.DoesNotContain(second.Replicas.Single(replica => replica.Admits).Gpus, gpu => gpu.StartsWith($"SIM-{node}-", StringComparison.Ordinal));
    }
}
