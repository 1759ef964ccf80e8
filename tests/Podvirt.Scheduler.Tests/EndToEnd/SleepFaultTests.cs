using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.EndToEnd;

/// <summary>Every way in which a real process can spoil its sleep or its wake: it is recycled, and its model is served on.</summary>
public sealed class SleepFaultTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("podvirt-").FullName;

    [Theory]
    [InlineData("fail-sleep")]
    [InlineData("hang=/sleep")]
    [InlineData("refuse=/sleep")]
    [InlineData("hang=/is_sleeping")]
    [InlineData("memory-not-returned")]
    public async Task SleepThatFails_RemovesTheProcess_AndTheNextDemandStartsAnother(string fault)
    {
        await using var host = Host(1);
        await host.StartAsync(Model(1, "--sim-fault", fault));
        var first = await ServeAsync(host);
        await host.DemandAsync();
        await host.UntilAsync("one", route => route is { Status: ModelStatus.Cold, Replicas.Count: 0 }, "recycled");
        Assert.NotEqual(first, await ServeAsync(host));
    }

    [Theory]
    [InlineData(1, "fail-wake")]
    [InlineData(1, "leak-wake")]
    [InlineData(1, "hang=/wake_up")]
    [InlineData(1, "refuse=/wake_up")]
    [InlineData(2, "fail-wake")]
    [InlineData(2, "refuse=/collective_rpc")]
    public async Task WakeThatFails_StartsAnotherCold(int level, string fault)
    {
        await using var host = Host(level);
        await host.StartAsync(Model(level, "--sim-fault", fault));
        var first = await ServeAsync(host);
        await host.DemandAsync();
        await host.UntilAsync("one", route => route.Replicas.Any(replica => replica.State == ReplicaState.Sleeping), "asleep");
        Assert.NotEqual(first, await ServeAsync(host));
    }

    [Theory]
    [InlineData("--sim-no-sleep-mode-param")]
    [InlineData("--sim-reject-sleep-mode-param")]
    public async Task OlderEngine_SleepsAndWakes(string option)
    {
        await using var host = Host(1);
        await host.StartAsync(Model(1, option));
        var first = await ServeAsync(host);
        await host.DemandAsync();
        await host.UntilAsync("one", route => route.Replicas.Any(replica => replica.State == ReplicaState.Sleeping), "asleep");
        Assert.Equal(first, await ServeAsync(host));
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static async Task<string> ServeAsync(SchedulerHost host)
    {
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var active = await host.UntilAsync("one", route => route.Replicas.Any(replica => replica.Admits), "active");
        return active.Replicas.Single(replica => replica.Admits).Id;
    }

    private static ModelSpec Model(int level, params string[] more)
    {
        var model = Make.Model("one", gib: 40, sleepAfter: TimeSpan.FromMilliseconds(300));
        string[] fast = ["--sim-load-weights", "20ms", "--sim-load-compile", "10ms", "--sim-load-graphs", "10ms", "--sim-ttft", "1ms"];
        return model with { Engine = model.Engine with { Args = [.. fast, "--sim-sleep", "10ms", $"--sim-wake-level{level}", "20ms", .. more] } };
    }

    private SchedulerHost Host(int level) => new(_data, new SchedulerOptions
    {
        Gpus = Make.Gpus(1, 80),
        SleepLevel = level,
        SleepTimeout = TimeSpan.FromMilliseconds(300),
        WakeTimeout = TimeSpan.FromMilliseconds(800),
        MemoryReturnTimeout = TimeSpan.FromMilliseconds(300),
    });
}
