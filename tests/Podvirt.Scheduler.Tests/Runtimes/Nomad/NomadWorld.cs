using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Runtimes.Nomad.Api;
using Podvirt.Scheduler.Tests.Doubles;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

/// <summary>
/// A Nomad agent, the node agents of its nodes, and schedulers' runtimes on them. The agent is a double, or the real one that
/// <c>PODVIRT_TEST_NOMAD_ADDR</c> names, which then needs one node with raw_exec.
/// </summary>
internal sealed class NomadWorld : IAsyncDisposable
{
    public static readonly string[] FastArgs =
    [
        "--sim-load-weights", "20ms", "--sim-load-compile", "10ms", "--sim-load-graphs", "10ms", "--sim-sleep", "10ms",
        "--sim-wake-level1", "20ms", "--sim-ttft", "1ms", "--sim-token-time", "1ms",
    ];

    private readonly List<(ServiceProvider Services, IHostedService Agent)> _agents = [];
    private readonly List<Machines> _machines = [];
    private readonly string _prefix = $"pv{Environment.ProcessId}x{Random.Shared.Next(100_000)}";

    private NomadWorld(NomadDouble? agent, Uri address) => (Double, Address) = (agent, address);

    /// <summary>Null: the agent is real, and cannot be broken.</summary>
    public NomadDouble? Double { get; }

    public Uri Address { get; }

    public string Data { get; } = Directory.CreateTempSubdirectory("podvirt-").FullName;

    public TestBus Bus { get; } = new();

    public TestStore Store { get; } = new();

    /// <summary>The node's name in front of the gpu's number.</summary>
    public IReadOnlyList<GpuDevice> Gpus { get; private set; } = [];

    public NomadClient Client { get; private set; } = null!;

    /// <param name="options">Of the double; null: one node without devices.</param>
    /// <param name="gpusPerNode">Simulated ones, which only node agents know; of the double's devices all are simulated.</param>
    public static async Task<NomadWorld> StartAsync(NomadDoubleOptions? options = null, int gpusPerNode = 1)
    {
        var real = Environment.GetEnvironmentVariable("PODVIRT_TEST_NOMAD_ADDR");
        Assert.SkipWhen(real is not null && options is not null, "needs an agent of another kind than the real one");
        var agent = real is null ? await NomadDouble.StartAsync(options) : null;
        var world = new NomadWorld(agent, agent?.Address ?? new Uri(real!));
        world.Client = new NomadClient(world.NomadOptions(), TimeProvider.System);
        var (nodes, _) = await world.Client.NodesAsync(0, CancellationToken.None);
        foreach (var node in nodes.OrderBy(node => node.Name, StringComparer.Ordinal))
        {
            var claimable = options?.Nodes.Single(made => made.Id == node.ID).Gpus.SelectMany(group => group.Ids.Select(id => (group, id))).ToList();
            await world.RunAgentAsync(node, claimable is { Count: > 0 }
                ? [.. claimable.Select((gpu, index) => new GpuDevice(gpu.id, index, node.Name, gpu.group.Name, gpu.group.MemoryMiB << 20, Simulated: true))]
                : [.. Make.Gpus(gpusPerNode, 80).Select(gpu => gpu with { Id = $"SIM-{node.Name}-{gpu.Index}" })]);
        }

        return world;
    }

    public NomadDouble NeedsDouble()
    {
        Assert.SkipWhen(Double is null, "needs a double: a real agent is not broken");
        return Double!;
    }

    public NomadOptions NomadOptions() => new()
    {
        Address = Address,
        Driver = NomadDriver.RawExec,
        JobPrefix = _prefix,
        EngineMemoryBytes = 256L << 20,
        CpuMhz = 100,
        SimulatedGpuDirectory = Path.Combine(Data, "gpus"),
        PlacementTimeout = TimeSpan.FromSeconds(20),
    };

    public SchedulerOptions Options(Action<NomadOptions>? change = null)
    {
        var nomad = NomadOptions();
        change?.Invoke(nomad);
        return new SchedulerOptions
        {
            DataPath = Data,
            Nomad = nomad,
            SimulatorPath = Path.Combine(AppContext.BaseDirectory, "Podvirt.Simulator.dll"),
            StopGrace = TimeSpan.FromSeconds(2),
        };
    }

    /// <summary>A scheduler's runtime that knows the nodes.</summary>
    public async Task<IReplicaRuntime> RuntimeAsync(Action<NomadOptions>? change = null)
    {
        var options = Options(change);
        var machines = Machines.Create(
            options, new ReplicaLogFiles(Data, options.LogBytesMax, options.LogsPerModel), Bus, Store, TimeProvider.System, NullLogger.Instance);
        _machines.Add(machines);
        Gpus = await machines.ListGpusAsync(CancellationToken.None);
        return machines.Runtime;
    }

    public ReplicaStart Start(string replica, ModelSpec? model = null, int gpu = 0) =>
        new(replica, model ?? Model("m"), [Gpus[gpu]], 20 * Make.GiB);

    public static ModelSpec Model(string id, int gib = 20, params string[] more)
    {
        var model = Make.Model(id, gib: gib, revision: 3);
        return model with { Engine = model.Engine with { Args = [.. FastArgs, .. more] } };
    }

    public static ModelSpec Command(string script)
    {
        var model = Make.Model("c", kind: EngineKind.Command);
        return model with { Engine = model.Engine with { Command = ["/bin/sh", "-c", script] } };
    }

    public string JobOf(string replica) => $"{_prefix}-{replica}";

    public async Task<IReadOnlyList<string>> JobsAsync() => [.. (await Client.JobsAsync(_prefix, CancellationToken.None)).Select(job => job.ID)];

    public async ValueTask DisposeAsync()
    {
        foreach (var machines in _machines)
        {
            await machines.DisposeAsync();
        }

        foreach (var (services, agent) in _agents)
        {
            await agent.StopAsync(CancellationToken.None);
            await services.DisposeAsync();
        }

        if (Double is not null)
        {
            await Double.DisposeAsync();
        }
        else
        {
            foreach (var job in await JobsAsync())
            {
                await Client.PurgeAsync(job, CancellationToken.None);
            }
        }

        Client.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    private async Task RunAgentAsync(NodeStub node, IReadOnlyList<GpuDevice> gpus)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IBus>(Bus);
        services.AddPodvirtNodeAgent(new NodeAgentOptions
        {
            NodeId = node.ID,
            NodeName = node.Name,
            SimulatedGpus = gpus,
            SimulatedGpuDirectory = Path.Combine(Data, "gpus"),
            Interval = TimeSpan.FromMilliseconds(100),
        });
        var provider = services.BuildServiceProvider();
        var agent = provider.GetServices<IHostedService>().Single();
        await agent.StartAsync(CancellationToken.None);
        _agents.Add((provider, agent));
    }
}
