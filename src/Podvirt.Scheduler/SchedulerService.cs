using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Messaging.Leases;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler;

/// <summary>Owns the room: its runtime, and one term after the other in which it leads. Alone, it has one term that ends with it.</summary>
internal sealed class SchedulerService : IHostedService, IAsyncDisposable, ISchedulerStatus
{
    private readonly TermParts _parts;
    private readonly string _name;
    private readonly Election? _election;
    private readonly CancellationTokenSource _ended = new();

    /// <summary>Of the one term of a scheduler that is alone: what an operator asks before it has begun waits here.</summary>
    private readonly Channel<SchedulerEvent> _events = SchedulerTerm.NewEvents();
    private readonly DateTimeOffset _began;
    private Task _running = Task.CompletedTask;
    private long _epoch;
    private bool _isStopped;

    public SchedulerService(
        SchedulerOptions options, ReplicaLogFiles logs, IBus bus, IStateStore store, TimeProvider time, SchedulerMetrics metrics,
        ILoggerFactory loggers, ILeases? leases = null)
        : this(PartsOf(options, logs, bus, store, leases, time, metrics, loggers.CreateLogger("Podvirt.Scheduler")), leases, Election.ProcessName)
    {
    }

    internal SchedulerService(TermParts parts, ILeases? leases, string name)
    {
        _name = name;
        _parts = parts;
        _began = parts.Time.GetUtcNow();
        if (parts.Options.ElectsLeader)
        {
            leases = leases ?? throw new ArgumentException("Schedulers that stand by for each other need leases.", nameof(leases));
            _election = new Election(leases, parts.Store, name, parts.Time, parts.Metrics, parts.Log);
        }

        Control = _election is null
            ? new FleetControl(_events.Writer, parts.Store, _ended.Token)
            : new StoredOrders(parts.Store, parts.Options.OrderTimeout, parts.Time, parts.Log);
    }

    public IFleetControl Control { get; }

    public SchedulerStatus Current => _election?.Current
        ?? new SchedulerStatus(SchedulerRole.Leader, _began, Interlocked.Read(ref _epoch), _name, IsAlone: true, null);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _running = _election is null
            ? new SchedulerTerm(_parts, "", null, _events).RunAsync(LeadAlone, _ended.Token)
            : _election.RunAsync(LeadAsync, _ended.Token);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Alone, it stops every engine, all at once in parallel; cancelling skips the grace: what still runs is killed. Where others stand by,
    /// engines go on and the lead is left to the next.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        await _ended.CancelAsync();
        await _running;
        var runtime = _parts.Machines.Runtime;
        if (_election is null)
        {
            await Task.WhenAll(runtime.List().Select(replica => runtime.StopAsync(replica.Replica, cancellationToken)));
        }

        await _parts.Machines.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await StopAsync(atOnce.Token);
        _ended.Dispose();
    }

    private void LeadAlone(long epoch)
    {
        Interlocked.Exchange(ref _epoch, epoch);
        _parts.Metrics.BeganToLead();
    }

    private Task LeadAsync(LeaseHold lease) => new SchedulerTerm(_parts, _name, lease, SchedulerTerm.NewEvents(), _election).RunAsync(
        epoch =>
        {
            _election!.Lead(epoch);
            SchedulerLog.Leads(_parts.Log, _name, epoch);
        },
        _ended.Token);

    private static TermParts PartsOf(
        SchedulerOptions options, ReplicaLogFiles logs, IBus bus, IStateStore store, ILeases? leases, TimeProvider time, SchedulerMetrics metrics,
        ILogger log)
    {
        var machines = Machines.Create(options, logs, bus, store, time, log);
        return new TermParts(options, machines, bus, store, time, metrics, log, (mandate, runtime, events) =>
        {
            var client = new EngineClient(mandate.ThrowIfEnded);
            var steps = new EngineSteps(options, runtime, client, machines.MeterOf, time);
            return new EngineEffects(steps, runtime, bus, store, events, log, client, mandate.Ended);
        }, leases is null ? null : new GatewayRoll(leases, time));
    }
}
