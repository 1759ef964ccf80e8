using System.Text.Json.Nodes;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.EndToEnd;

/// <summary>Both levels of sleep on real processes: what they hold of the node's memory, and with what weights they wake.</summary>
public sealed class SleepLevelTests : IDisposable
{
    private const long Awake = 40L * Make.GiB;
    private const long Asleep = 2L * Make.GiB;

    private static readonly string[] s_args =
    [
        "--sim-load-weights", "20ms", "--sim-load-compile", "10ms", "--sim-load-graphs", "10ms", "--sim-sleep", "10ms",
        "--sim-wake-level1", "20ms", "--sim-wake-level2", "20ms", "--sim-ttft", "1ms", "--sim-gpu-asleep", "2GiB",
    ];

    private readonly string _data = Directory.CreateTempSubdirectory("podvirt-").FullName;

    [Theory]
    [InlineData(1, (Awake - Asleep) / 2)]
    [InlineData(2, 0)]
    public async Task Sleeper_ShowsWhatItHoldsOfTheNodesMemory(int level, long bytes)
    {
        await using var host = Host(level, hostGib: 100);
        await using var fleet = host.Bus.Subscribe(Subjects.Fleet);
        await host.StartAsync(Model("one"));
        await SleepAsync(host);
        await foreach (var report in fleet.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            if (report.Replicas is [{ State: ReplicaState.Sleeping } replica])
            {
                Assert.Equal((level, bytes), (replica.SleepLevel, replica.HostBytes));
                return;
            }
        }
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 100)]
    [InlineData(1, 30)]
    public async Task EngineThatWoke_HasItsWeights(int level, int hostGib)
    {
        // 30 GiB do not hold all that was reserved, which is what an unknown model's sleep is planned with.
        await using var host = Host(level, hostGib);
        await host.StartAsync(Model("one"));
        await SleepAsync(host);
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        var active = await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "awake");
        using var http = new HttpClient();
        var state = JsonNode.Parse(await http.GetStringAsync(active.Replicas[0].Address + "/sim/state", TestContext.Current.CancellationToken))!;
        Assert.Equal((true, 0, 0L), ((bool)state["weights_valid"]!, (int)state["sleep_level"]!, (long)state["host_bytes_held"]!));
        Assert.Equal(Awake, (long)state["gpu_bytes_held"]!);
        var log = await host.Logs.ReadTailAsync("one", 100, TestContext.Current.CancellationToken);
        Assert.Equal(level == 2 || hostGib == 30, log!.Contains("wake up tags weights.", StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static async Task SleepAsync(SchedulerHost host)
    {
        await host.DemandAsync(new ModelDemand("one", 1, 10, 0));
        await host.UntilAsync("one", route => route.Status == ModelStatus.Active, "active");
        await host.DemandAsync();
        await host.UntilAsync("one", route => route.Replicas.Any(replica => replica.State == ReplicaState.Sleeping), "asleep");
    }

    private static ModelSpec Model(string id)
    {
        var model = Make.Model(id, gib: 40, sleepAfter: TimeSpan.FromMilliseconds(300));
        return model with { Engine = model.Engine with { Args = s_args } };
    }

    private SchedulerHost Host(int level, int hostGib) => new(_data, new SchedulerOptions
    {
        Gpus = Make.Gpus(1, 80),
        SleepLevel = level,
        HostMemoryBytes = hostGib * Make.GiB,
    });
}
