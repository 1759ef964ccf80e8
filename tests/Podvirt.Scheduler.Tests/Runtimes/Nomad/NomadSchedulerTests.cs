using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Tests.EndToEnd;

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
}
