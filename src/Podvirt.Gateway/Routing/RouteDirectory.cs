using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Upstream;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Routing;

/// <summary>
/// The gateway's view of all models: takes over the scheduler's route tables, and reports demand and load back.
/// </summary>
internal sealed partial class RouteDirectory : BackgroundService
{
    // Also the membership lease: a gateway that is silent for several of these is forgotten by the scheduler.
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(1);

    // Reports are at least so far apart: the changes meanwhile share one. The first change after a quiet time waits for nothing,
    // because a model may have to wake for it.
    private static readonly TimeSpan s_coalescing = TimeSpan.FromMilliseconds(5);

    // The same for what nobody waits for: each request that begins or ends is a change, and each report is work for the
    // scheduler.
    private static readonly TimeSpan s_loadCoalescing = TimeSpan.FromMilliseconds(100);

    private static readonly BoundedChannelOptions s_oneSignal = new(1) { FullMode = BoundedChannelFullMode.DropWrite };

    private readonly Announcer _announcer;
    private readonly GatewayOptions _options;
    private readonly UpstreamConnector _connector;
    private readonly TimeProvider _time;
    private readonly ILogger<RouteDirectory> _logger;
    private readonly GatewayMetrics _metrics;
    private readonly string _gatewayId;
    private readonly IBusSubscription<RouteTable> _tables;
    private readonly Channel<bool> _demandChanges = Channel.CreateBounded<bool>(s_oneSignal);
    private readonly Channel<bool> _loadChanges = Channel.CreateBounded<bool>(s_oneSignal);
    private readonly TaskCompletionSource _firstTable = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FrozenDictionary<string, ModelDispatcher> _models = FrozenDictionary<string, ModelDispatcher>.Empty;

    // These, and those that left the catalog with requests that go on: their replicas are busy until those end.
    private ModelDispatcher[] _reported = [];
    // By replica, where their slots are divided between gateways.
    private FrozenDictionary<string, ModelDispatcher> _shared = FrozenDictionary<string, ModelDispatcher>.Empty;
    private volatile RouteTable _table = RouteTable.Empty;
    private volatile bool _closed;
    private long _heardAt = long.MinValue;

    public RouteDirectory(
        IBus bus, Announcer announcer, GatewayOptions options, UpstreamConnector connector, TimeProvider time, ILogger<RouteDirectory> logger,
        IMeterFactory? meters = null)
    {
        _announcer = announcer;
        _options = options;
        _connector = connector;
        _time = time;
        _logger = logger;
        _gatewayId = Guid.CreateVersion7(time.GetUtcNow()).ToString("n");
        _tables = bus.Subscribe(Subjects.Routes, capacity: 4);
        _metrics = new GatewayMetrics(this, announcer, meters);
    }

    /// <summary>Completes with the first table: before it no model is known.</summary>
    public Task FirstTable => _firstTable.Task;

    public string GatewayId => _gatewayId;

    /// <summary>A timestamp: when the scheduler's last table came, new or repeated.</summary>
    public long HeardAt => Volatile.Read(ref _heardAt);

    /// <summary>All models, by id, in the catalog's order.</summary>
    public RouteTable Table => _table;

    public bool TryFind(ReadOnlySpan<char> id, [NotNullWhen(true)] out ModelDispatcher? model) =>
        Volatile.Read(ref _models).GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(id, out model);

    /// <summary>Replicas that a detached gateway has to ask whether they sleep.</summary>
    public IReadOnlyList<(ModelDispatcher Dispatcher, ReplicaSlots Replica)> FindDoubtful()
    {
        var doubtful = new List<(ModelDispatcher, ReplicaSlots)>();
        foreach (var model in Volatile.Read(ref _models).Values)
        {
            model.AddDoubtful(doubtful);
        }
        return doubtful;
    }

    /// <summary>The gateway is attached again: what it found out for itself is older than the routes.</summary>
    public void ForgetSleepers()
    {
        foreach (var model in Volatile.Read(ref _models).Values)
        {
            model.ForgetSleepers();
        }
    }

    /// <summary>Who settles shares of slots with the other gateways, where there are any.</summary>
    public Action<string>? SlotsAsked { get; set; }

    /// <summary>All replicas that can be reached, whatever their state.</summary>
    public IReadOnlyList<(ModelDispatcher Dispatcher, ReplicaSlots Replica)> FindReplicas()
    {
        var replicas = new List<(ModelDispatcher, ReplicaSlots)>();
        foreach (var model in Volatile.Read(ref _models).Values)
        {
            model.AddReplicas(replicas);
        }
        return replicas;
    }

    /// <summary>Null: no model has such a replica, or all slots are this gateway's anyway.</summary>
    public (ModelDispatcher Dispatcher, ReplicaSlots Replica)? FindReplica(string id) =>
        Volatile.Read(ref _shared).TryGetValue(id, out var dispatcher) && dispatcher.FindReplica(id) is { } replica ? (dispatcher, replica) : null;

    /// <summary>Refuses all parked requests and those to come.</summary>
    public void Close()
    {
        _closed = true;
        foreach (var model in Volatile.Read(ref _models).Values)
        {
            model.Close();
        }
    }

    /// <summary>What became of all that each model parked, and those that are parked or served now.</summary>
    public IEnumerable<(string Model, ParkingCounts Counts, int Waiting, long Bytes, int InFlight)> GetParking()
    {
        foreach (var model in Volatile.Read(ref _reported))
        {
            var (counts, waiting, bytes) = model.GetParking();
            yield return (model.Model.Id, counts, waiting, bytes, model.InFlight);
        }
    }

    public override void Dispose()
    {
        foreach (var model in Volatile.Read(ref _models).Values)
        {
            model.CloseConnections();
        }
        _metrics.Dispose();

        // Nothing waits for the subscription's end: it holds a queue in this process.
        _ = _tables.DisposeAsync().AsTask();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(FollowTablesAsync(stoppingToken), ReportAsync(stoppingToken));

    private async Task FollowTablesAsync(CancellationToken stoppingToken)
    {
        await foreach (var table in _tables.ReadAllAsync(stoppingToken))
        {
            if (!table.IsNewerThan(_table))
            {
                Volatile.Write(ref _heardAt, _time.GetTimestamp());
                continue;
            }
            try
            {
                Apply(table);
                Volatile.Write(ref _heardAt, _time.GetTimestamp());
            }
            catch (Exception e) when (e is ArgumentException or FormatException)
            {
                // The last good table stays in force: a gateway that stops would serve nobody.
                LogBadTable(e, table.Epoch, table.Revision);
            }
        }
    }

    private void Apply(RouteTable table)
    {
        var known = Volatile.Read(ref _models);
        var leaving = Volatile.Read(ref _reported).Where(model => model.InFlight > 0 && !known.ContainsKey(model.Model.Id))
            .ToDictionary(model => model.Model.Id, StringComparer.Ordinal);
        var current = new Dictionary<string, ModelDispatcher>(table.Models.Count, StringComparer.Ordinal);
        foreach (var route in table.Models)
        {
            if (!known.TryGetValue(route.Model.Id, out var dispatcher) && !leaving.Remove(route.Model.Id, out dispatcher))
            {
                dispatcher = new ModelDispatcher(route, _options, _connector, _time, SignalDemand, SignalLoad)
                {
                    SlotsAsked = _options.HasPeers ? AskForSlots : null,
                };
            }
            dispatcher.Update(route);
            current.Add(route.Model.Id, dispatcher);
        }
        foreach (var (id, dispatcher) in known)
        {
            if (!current.ContainsKey(id))
            {
                dispatcher.Remove();
                leaving.Add(id, dispatcher);
                LogRemoved(id);
            }
        }

        // A new model is found only once its dispatcher has its replicas; the report then says which table is in force.
        Volatile.Write(ref _models, current.ToFrozenDictionary(StringComparer.Ordinal));
        Volatile.Write(ref _reported, [.. current.Values, .. leaving.Values]);
        if (_options.HasPeers)
        {
            ShareSlots();
        }
        if (_closed)
        {
            // Asked only now, so that Close has either seen these models or is seen here.
            Close();
        }
        _table = table;
        _firstTable.TrySetResult();
        SignalDemand();
    }

    private void ShareSlots()
    {
        var replicas = FindReplicas();
        Volatile.Write(ref _shared, replicas.ToFrozenDictionary(found => found.Replica.Route.Id, found => found.Dispatcher, StringComparer.Ordinal));
        foreach (var (_, replica) in replicas)
        {
            if (replica.SlotToken == 0)
            {
                AskForSlots(replica.Route.Id);
            }
        }
    }

    private async Task ReportAsync(CancellationToken stoppingToken)
    {
        var swept = _time.GetTimestamp();
        var reported = swept;
        while (!stoppingToken.IsCancellationRequested)
        {
            if (_time.GetElapsedTime(swept) >= s_heartbeat)
            {
                SweepConnections();
                swept = _time.GetTimestamp();
            }
            using var pause = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var demand = _demandChanges.Reader.WaitToReadAsync(pause.Token).AsTask();
            var load = _loadChanges.Reader.WaitToReadAsync(pause.Token).AsTask();
            if (await Task.WhenAny(demand, load, Task.Delay(s_heartbeat, _time, pause.Token)) == load)
            {
                await Task.WhenAny(demand, Task.Delay(s_loadCoalescing, _time, pause.Token));
            }
            await pause.CancelAsync();
            stoppingToken.ThrowIfCancellationRequested();
            if (s_coalescing - _time.GetElapsedTime(reported) is { Ticks: > 0 } rest)
            {
                await Task.Delay(rest, _time, stoppingToken);
            }
            reported = _time.GetTimestamp();
            _demandChanges.Reader.TryRead(out _);
            _loadChanges.Reader.TryRead(out _);
            _announcer.Announce(MakeReport());
        }
    }

    private void SweepConnections()
    {
        foreach (var model in Volatile.Read(ref _models).Values)
        {
            model.SweepConnections();
        }
    }

    private GatewayReport MakeReport()
    {
        // The table first: what is counted after it already obeys it.
        var table = _table;
        var demands = new List<ModelDemand>();
        var loads = new List<ReplicaLoad>();
        foreach (var model in Volatile.Read(ref _reported))
        {
            model.Tick();
            var demand = model.GetDemand(loads);
            if (demand.Waiting > 0 || demand.InFlight > 0)
            {
                demands.Add(demand);
            }
        }
        return new GatewayReport(_gatewayId, table.Epoch, table.Revision, demands, loads);
    }

    private void AskForSlots(string replica) => SlotsAsked?.Invoke(replica);

    private void SignalDemand() => _demandChanges.Writer.TryWrite(true);

    private void SignalLoad() => _loadChanges.Writer.TryWrite(true);

    [LoggerMessage(1201, LogLevel.Information, "Model {Model} has left the catalog.")]
    private partial void LogRemoved(string model);

    [LoggerMessage(1202, LogLevel.Error, "Route table {Epoch}/{Revision} cannot be used; the last good one stays in force.")]
    private partial void LogBadTable(Exception exception, long epoch, long revision);
}
