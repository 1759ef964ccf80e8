using Podvirt.Testing.ClickHouse;
using Podvirt.Testing.Nats;
using Podvirt.Testing.Nomad;

namespace Podvirt.Testing.Cluster;

/// <summary>
/// A cluster of real processes on this machine: nats-server, the ClickHouse engine, gateways, schedulers, metering workers and a node agent. Only
/// the Nomad agent is a double; its tasks are real processes.
/// </summary>
public sealed class LocalCluster : IAsyncDisposable
{
    private readonly DirectoryInfo _gpus = Directory.CreateTempSubdirectory("podvirt-gpus-");
    private readonly Dictionary<string, PodvirtProcess> _processes = [];
    private readonly string _yaml;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private string _nodeId = "";

    private LocalCluster(
        string catalog, string lease, IReadOnlyList<NatsServer> natsServers, ClickHouseServer clickHouse, NomadDouble nomad, IReadOnlyDictionary<string, string> environment)
    {
        NatsServers = natsServers;
        ClickHouse = clickHouse;
        Nomad = nomad;
        _environment = environment;
        _yaml = $$"""
            {{catalog}}
            cluster:
              nats: { lease: {{lease}} }
              nomad: { driver: raw_exec, engine_memory: 256MiB, cpu: 100, simulated_gpus: "{{_gpus.FullName}}" }
            """;
    }

    /// <summary>The only NATS server, or the first.</summary>
    public NatsServer Nats => NatsServers[0];

    public IReadOnlyList<NatsServer> NatsServers { get; }

    public ClickHouseServer ClickHouse { get; }

    public NomadDouble Nomad { get; }

    /// <summary>Between each process and these servers, where that was asked for.</summary>
    public ClusterLines? Lines { get; private init; }

    /// <summary>The account of the node's simulated gpus.</summary>
    public string GpuFolder => _gpus.FullName;

    public IReadOnlyCollection<string> Names => _processes.Keys;

    public PodvirtProcess this[string name]
    {
        get
        {
            lock (_processes)
            {
                return _processes[name];
            }
        }
    }

    /// <param name="catalog">Models, and the node's simulated gpus.</param>
    /// <param name="lease">How long a lease holds.</param>
    /// <param name="natsServers">1, or 3 that keep everything on each of them.</param>
    /// <param name="environment">More of it, for all processes.</param>
    /// <param name="lines">Processes reach the servers by <see cref="Lines"/>.</param>
    public static async Task<LocalCluster> StartAsync(
        string catalog, string lease = "2s", int natsServers = 1, IReadOnlyDictionary<string, string>? environment = null, bool lines = false)
    {
        var node = new NomadDoubleNode("node-1");
        var natsPeers = new NatsPeerLines();
        var nats = StartNatsAsync(natsServers, lines ? natsPeers : null);
        var clickHouse = ClickHouseServer.StartAsync();
        var nomad = NomadDouble.StartAsync(new NomadDoubleOptions { Nodes = [node] });
        try
        {
            await Task.WhenAll(nats, clickHouse, nomad);
        }
        catch
        {
            // What did start must not stay.
            foreach (var server in (IAsyncDisposable?[])[natsPeers, await StartedAsync(clickHouse), await StartedAsync(nomad), .. await StartedAsync(nats) ?? []])
            {
                await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
            }
            throw;
        }
        return new LocalCluster(catalog, lease, await nats, await clickHouse, await nomad, environment ?? new Dictionary<string, string>())
        {
            _nodeId = node.Id,
            Lines = lines ? new ClusterLines(natsPeers, (await nats).Select(static s => s.Port), (await clickHouse).Url.Port, (await nomad).Address.Port) : null,
        };
    }

    /// <summary>Two of each that there can be several of.</summary>
    public static async Task<LocalCluster> StartWholeAsync(
        string catalog, string lease = "2s", int natsServers = 1, IReadOnlyDictionary<string, string>? environment = null)
    {
        var cluster = await StartAsync(catalog, lease, natsServers, environment);
        try
        {
            await Task.WhenAll(cluster.LaunchAsync("node", "node"), cluster.LaunchAsync("scheduler-1", "scheduler"), cluster.LaunchAsync("scheduler-2", "scheduler"));
            await Task.WhenAll(
                cluster.LaunchAsync("metering-1", "metering"), cluster.LaunchAsync("metering-2", "metering"),
                cluster.LaunchAsync("gateway-1", "gateway"), cluster.LaunchAsync("gateway-2", "gateway"));
            foreach (var process in cluster._processes.Values)
            {
                await process.UntilReadyAsync();
            }
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
        return cluster;
    }

    /// <summary>Starts a process, or one that was killed again, with the folder and the address that it had.</summary>
    public async Task<PodvirtProcess> LaunchAsync(string name, string roles)
    {
        PodvirtProcess? before;
        lock (_processes)
        {
            before = _processes.GetValueOrDefault(name);
        }
        var process = await PodvirtProcess.LaunchAsync(_yaml, before?.Data, new Dictionary<string, string>(_environment)
        {
            ["PODVIRT_ROLES"] = roles,
            ["PODVIRT_NATS_URL"] = AddressOf(name, ClusterService.Nats) ?? string.Join(',', NatsServers.Select(static s => s.Url)),
            ["PODVIRT_CLICKHOUSE_URL"] = AddressOf(name, ClusterService.ClickHouse) ?? ClickHouse.Url.ToString(),
            ["PODVIRT_NOMAD_ADDR"] = AddressOf(name, ClusterService.Nomad) ?? Nomad.Address.ToString(),
            ["PODVIRT_NODE_ID"] = _nodeId,
            ["PODVIRT_NODE_NAME"] = "node-1",
        }, address: before?.Address);
        lock (_processes)
        {
            _processes[name] = process;
        }
        return process;
    }

    /// <summary>What every process said, for the message of a failure.</summary>
    public string Said() => string.Join('\n', _processes.Select(static p => $"--- {p.Key}\n{p.Value.Output}"));

    public async ValueTask DisposeAsync()
    {
        // Gateways first, as an operator would: what they still serve needs the others.
        foreach (var (_, process) in _processes.OrderBy(static p => p.Key, StringComparer.Ordinal))
        {
            await process.DisposeAsync();
        }
        await (Lines?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Nomad.DisposeAsync();
        foreach (var server in NatsServers)
        {
            await server.DisposeAsync();
        }
        await ClickHouse.DisposeAsync();
        _gpus.Delete(recursive: true);
    }

    /// <summary>Null: it did not.</summary>
    private static async Task<T?> StartedAsync<T>(Task<T> start)
        where T : class
    {
        await ((Task)start).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return start.IsCompletedSuccessfully ? await start : null;
    }

    private static async Task<IReadOnlyList<NatsServer>> StartNatsAsync(int servers, NatsPeerLines? lines) =>
        servers == 1 ? [await NatsServer.StartAsync()] : await NatsServer.StartClusterAsync(servers, lines: lines);

    /// <summary>Null: without lines.</summary>
    private string? AddressOf(string process, ClusterService service) => Lines is null
        ? null
        : string.Join(',', Lines.Of(process, service).Select(line => $"{(service == ClusterService.Nats ? "nats" : "http")}://127.0.0.1:{line.Port}"));
}
