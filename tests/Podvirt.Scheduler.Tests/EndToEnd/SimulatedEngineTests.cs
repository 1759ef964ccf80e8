using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.EndToEnd;

public sealed class SimulatedEngineTests : IDisposable
{
    private static readonly string[] FastArgs =
    [
        "--sim-load-weights", "50ms", "--sim-load-compile", "50ms", "--sim-load-graphs", "50ms", "--sim-sleep", "20ms",
        "--sim-wake-level1", "50ms", "--sim-wake-level2", "60ms", "--sim-ttft", "1ms", "--sim-token-time", "1ms",
    ];

    private readonly string _data = Directory.CreateTempSubdirectory("podvirt-").FullName;

    [Fact]
    public async Task Demand_StartsIt_IdlenessSleepsIt_DemandWakesIt_IdlenessStopsIt()
    {
        await using var host = new SchedulerHost(_data, new SchedulerOptions { Gpus = Make.Gpus(1, 80) });
        await host.StartAsync(Fast(Make.Model("one", gib: 40, sleepAfter: TimeSpan.FromSeconds(1), stopAfter: TimeSpan.FromSeconds(4))));
        await host.UntilAsync("one", route => route.Status == ModelStatus.Cold, "cold");

        await host.DemandAsync(new ModelDemand("one", 1000, 10, 0));
        await host.UntilAsync("one", route => route is { Status: ModelStatus.WarmingUp, WarmUp: not null }, "warming up");
        var active = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        var replica = Assert.Single(active.Replicas);
        Assert.StartsWith("http://127.0.0.1:", replica.Address, StringComparison.Ordinal);
        Assert.NotEmpty(replica.ApiKey);
        Assert.NotNull(active.StartupDurationMs);

        await host.DemandAsync();
        var asleep = await host.UntilAsync("one", route => route.Replicas.Any(r => r.State == ReplicaState.Sleeping), "asleep");
        Assert.Equal(replica.Id, Assert.Single(asleep.Replicas).Id);

        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var awake = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "awake");
        Assert.Equal(replica.Id, Assert.Single(awake.Replicas).Id);

        await host.DemandAsync();
        await host.UntilAsync("one", route => route is { Status: ModelStatus.Cold, Replicas.Count: 0 }, "cold again");
        Assert.Contains("one", await host.Logs.ReadTailAsync("one", 100, CancellationToken.None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Level2_SleepsAndWakes_AnEmbeddingModel()
    {
        await using var host = new SchedulerHost(_data, new SchedulerOptions { Gpus = Make.Gpus(2, 80), SleepLevel = 2 });
        var model = Make.Model("vectors", gib: 10, count: 2, sleepAfter: TimeSpan.FromMilliseconds(300));
        await host.StartAsync(Fast(model with { Type = ModelType.Embedding }));
        await host.DemandAsync(new ModelDemand("vectors", 1, 10, 0));
        var active = await host.UntilAsync("vectors", route => route.Status == ModelStatus.Active, "active");
        Assert.Equal(["SIM-0", "SIM-1"], active.Replicas[0].Gpus);
        await host.DemandAsync();
        await host.UntilAsync("vectors", route => route.Replicas.Any(r => r.State == ReplicaState.Sleeping), "asleep");
        await host.DemandAsync(new ModelDemand("vectors", 1, 10, 0));
        var awake = await host.UntilAsync("vectors", route => route.Status == ModelStatus.Active, "awake");
        Assert.Equal(active.Replicas[0].Id, awake.Replicas[0].Id);
    }

    [Fact]
    public async Task WakeThatFails_StartsAnotherCold()
    {
        await using var host = new SchedulerHost(_data, new SchedulerOptions { Gpus = Make.Gpus(1, 80) });
        var model = Make.Model("one", gib: 40, sleepAfter: TimeSpan.FromMilliseconds(300));
        await host.StartAsync(model with { Engine = model.Engine with { Args = [.. FastArgs, "--sim-fault", "fail-wake"] } });
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var first = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        await host.DemandAsync();
        await host.UntilAsync("one", route => route.Replicas.Any(r => r.State == ReplicaState.Sleeping), "asleep");
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var second = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active again");
        Assert.NotEqual(first.Replicas[0].Id, second.Replicas.Single(r => r.Admits).Id);
    }

    [Fact]
    public async Task EngineThatIsKilled_LeavesTheRoutes_AndIsReplaced()
    {
        await using var host = new SchedulerHost(_data, new SchedulerOptions { Gpus = Make.Gpus(1, 80) });
        await host.StartAsync(Fast(Make.Model("one")));
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var first = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        using (var engine = System.Diagnostics.Process.GetProcessById(Assert.Single(new PidFiles(_data).ReadAll()).Pid))
        {
            engine.Kill();
        }

        var second = await host.UntilAsync(
            "one", route => route.Replicas.Any(r => r.Admits && r.Id != first.Replicas[0].Id), "served by another replica");
        Assert.DoesNotContain(second.Replicas, replica => replica.Id == first.Replicas[0].Id && replica.Admits);
    }

    [Fact]
    public async Task NextRun_HasAHigherEpoch_AndRemembersDurations()
    {
        var store = new TestStore();
        var routes = new List<ModelRoute>();
        for (var run = 1; run <= 2; run++)
        {
            await using var host = new SchedulerHost(_data, new SchedulerOptions { Gpus = Make.Gpus(1, 80) }, store);
            await host.StartAsync(Fast(Make.Model("one")));
            if (run == 1)
            {
                await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
                routes.Add(await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active"));
            }
            else
            {
                routes.Add(await host.UntilAsync("one", route => route.StartupDurationMs is not null, "known"));
                Assert.Equal(2, host.Epoch);
            }
        }

        Assert.Equal(routes[0].StartupDurationMs, routes[1].StartupDurationMs);
    }

    [Fact]
    public async Task TwoModelsThatDoNotFitTogether_AreBothServed()
    {
        await using var host = new SchedulerHost(_data, new SchedulerOptions { Gpus = Make.Gpus(1, 80) });
        await host.StartAsync(Fast(Make.Model("one", gib: 60)), Fast(Make.Model("two", gib: 60)));
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        await host.DemandAsync(new ModelDemand("two", 1, 10, 0));
        await host.UntilAsync("two", route => route.Status == ModelStatus.Active, "active");
        await host.UntilAsync("one", route => route.Status == ModelStatus.Sleeping, "asleep");
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "awake");
        await host.UntilAsync("two", route => route.Status == ModelStatus.Sleeping, "asleep");
    }

    [Fact]
    public async Task Stop_LeavesNoProcess()
    {
        var host = new SchedulerHost(_data, new SchedulerOptions { Gpus = Make.Gpus(1, 80) });
        await host.StartAsync(Fast(Make.Model("one")));
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        var pid = Assert.Single(new PidFiles(_data).ReadAll()).Pid;
        Assert.NotNull(ProcFs.ReadStat(pid));

        await host.StopAsync();

        Assert.Null(ProcFs.ReadStat(pid));
        Assert.Empty(new PidFiles(_data).ReadAll());
    }

    [Fact]
    public async Task StartFails_SaysWhy_AndKeepsTheLog()
    {
        await using var host = new SchedulerHost(_data, new SchedulerOptions { Gpus = Make.Gpus(1, 80) });
        var model = Make.Model("bad");
        await host.StartAsync(model with { Engine = model.Engine with { Args = [.. FastArgs, "--sim-fault", "fail-start"] } });
        await host.DemandAsync(new ModelDemand("bad", 1, 10, 0));

        var failed = await host.UntilAsync("bad", route => route is { Status: ModelStatus.Failed, FailedReplicas: 1 }, "failed");

        Assert.Equal("model_start_failed", failed.Failure?.Code);
        Assert.Contains("exit code", failed.Failure?.Reason, StringComparison.Ordinal);
        Assert.NotNull(failed.Failure?.RetryAt);
        Assert.Contains("rror", await host.Logs.ReadTailAsync("bad", 10, CancellationToken.None), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MemoryThatDoesNotComeBack_RecyclesTheReplica()
    {
        var options = new SchedulerOptions { Gpus = Make.Gpus(1, 80), MemoryReturnTimeout = TimeSpan.FromMilliseconds(200) };
        await using var host = new SchedulerHost(_data, options);
        var model = Make.Model("leaky", gib: 40, sleepAfter: TimeSpan.FromMilliseconds(300));
        await host.StartAsync(model with { Engine = model.Engine with { Args = [.. FastArgs, "--sim-gpu-leak", "20GiB"] } });
        await host.DemandAsync(new ModelDemand("leaky", 1, 10, 0));
        await host.UntilAsync("leaky", route => route.Status == ModelStatus.Active, "active");
        await host.DemandAsync();

        await host.UntilAsync("leaky", route => route is { Status: ModelStatus.Cold, Replicas.Count: 0 }, "recycled");
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static ModelSpec Fast(ModelSpec model) =>
        model with { Engine = model.Engine with { Args = FastArgs } };
}
