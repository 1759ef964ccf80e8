using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// Owns every replica's state. One caller at a time hands it events; it changes state, decides, and asks for effects.
/// It starts no thread, waits for nothing and reads time only from its clock, so a test drives it step by step.
/// </summary>
/// <remarks>
/// Each event goes through the same steps:
/// 1. The event is applied; a result of an older attempt or of a replica that is gone is ignored.
/// 2. Gateways, backoffs and probes that are due are looked at.
/// 3. Demand: models that need a replica get one back from draining, woken, placed, or wait while others leave.
/// 4. Replicas that are outdated, surplus or idle are fenced; fenced ones that are drained sleep or stop.
/// 5. Placed replicas whose gpus are quiet are started.
/// 6. The routes are published when they changed, and every two seconds; so is what people see of gpus and replicas.
/// </remarks>
internal sealed partial class LifecycleLoop
{
    private readonly LoopSettings _settings;
    private readonly SchedulerOptions _options;
    private readonly IEffects _effects;
    private readonly TimeProvider _time;
    private readonly SchedulerMetrics _metrics;
    private readonly ILogger _log;
    private readonly long _startedAt;
    private readonly DemandBook _demand;
    private readonly Dictionary<string, ModelEntry> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Replica> _replicas = new(StringComparer.Ordinal);
    private readonly ReplicaIndex _index = new();
    private MemoryLedger _ledger;
    private readonly HashSet<Replica> _touched = [];
    private Catalog? _catalog;
    private RouteTable _routes = RouteTable.Empty;
    private TimeSpan _publishedAt;
    private TimeSpan _now;

    public LifecycleLoop(LoopSettings settings, IEffects effects, TimeProvider time, SchedulerMetrics metrics, ILogger log)
    {
        _settings = settings;
        _options = settings.Options;
        _effects = effects;
        _time = time;
        _metrics = metrics;
        _log = log;
        _startedAt = time.GetTimestamp();
        _pinned = new HashSet<string>(settings.Pinned, StringComparer.Ordinal);
        _drained = new HashSet<string>(settings.Drained, StringComparer.Ordinal);
        _sentToSleep = new HashSet<string>(settings.SentToSleep, StringComparer.Ordinal);
        _demand = new DemandBook(_options.GatewayLease);
        _gpus = settings.Gpus;
        _ledger = new MemoryLedger(_gpus, settings.HostBytes);
    }

    /// <summary>All replicas, for tests and for the final stop.</summary>
    public IReadOnlyCollection<Replica> Replicas => _replicas.Values;

    public RouteTable Routes => _routes;

    public IReadOnlyList<GpuDevice> Gpus => _gpus;

    public void Handle(SchedulerEvent happened)
    {
        _now = _time.GetElapsedTime(_startedAt);
        Apply(happened);
        if (_catalog is null)
        {
            // Nothing is decided, and nothing is published, before the catalog is known.
            return;
        }

        _demand.Expire(_now);
        LimitPhases();
        ExpireFailures();
        NoteUse();
        ProbeDue();
        ServeDemand();
        ForgetMetWakes();
        FenceOutdated();
        StopAsked();
        RelieveHosts();
        PriceMemory();
        FenceIdle();
        ScaleIn();
        Drain();
        StartPlaced();
        ForgetRemovedModels();
        PublishRoutes();
        ShowFleet();
    }

    private void Apply(SchedulerEvent happened)
    {
        switch (happened)
        {
            case CatalogChanged changed:
                ApplyCatalog(changed.Catalog);
                break;
            case GatewayReported reported:
                _demand.Record(reported.Report, _now);
                break;
            case GatewaysListed listed:
                _demand.Meet(listed.Gateways);
                break;
            case TroubleReported reported:
                ApplyTrouble(reported.Trouble);
                break;
            case ProcessExited exited:
                ApplyExit(exited);
                break;
            case ExternalProbed probed:
                ApplyExternalProbe(probed);
                break;
            case FleetChanged changed:
                ApplyFleet(changed);
                break;
            case EngineFound found:
                ApplyFound(found);
                break;
            case OperatorAsked asked:
                ApplyOrder(asked);
                break;
            case ReplicaEvent result when _replicas.TryGetValue(result.Replica, out var replica) && replica.Attempt == result.Attempt:
                ApplyResult(replica, result);
                break;
            case ReplicaEvent late:
                SchedulerLog.LateResult(_log, late.Replica, late.GetType().Name, late.Attempt);
                break;
            default:
                break;
        }
    }

    private void ApplyCatalog(Catalog catalog)
    {
        _isUnshown = true;
        _catalog = catalog;
        foreach (var entry in _models.Values)
        {
            entry.IsRemoved = catalog.Find(entry.Spec.Id) is null;
        }

        foreach (var spec in catalog.Models)
        {
            if (!_models.TryGetValue(spec.Id, out var entry))
            {
                entry = new ModelEntry(spec, _settings.Histories.GetValueOrDefault(spec.Id, StartHistory.Empty));
                _models.Add(spec.Id, entry);
            }
            else if (entry.Spec.Revision != spec.Revision)
            {
                // A changed entry deserves a fresh try at once.
                entry.Spec = spec;
                ClearFailure(entry);
                entry.FailedStarts = 0;
                entry.Crashes = 0;
                entry.ForeignStarts = entry.History.ColdPhases.Count;
                entry.External.NextAt = _now;
                entry.External.Healthy = null;
            }

            entry.Unschedulable = WhyNever(spec);
        }
    }

    private void ForgetRemovedModels()
    {
        foreach (var (id, entry) in _models)
        {
            if (entry.IsRemoved && _index.OfModel(id).Count == 0)
            {
                _models.Remove(id);
            }
        }
    }

    /// <summary>Moves a replica along one row of the table.</summary>
    /// <param name="why">Null: it goes on with what was decided before.</param>
    private void Move(Replica replica, ReplicaTrigger trigger, Why? why = null)
    {
        if (!ReplicaTransitions.Table.TryGetValue((replica.State, trigger), out var next))
        {
            throw new InvalidOperationException($"Replica {replica.Id} is {replica.State}: {trigger} has no meaning there.");
        }

        SchedulerLog.Moved(_log, replica.Model.Id, replica.Id, replica.State, trigger, next?.ToString() ?? "gone");
        _metrics.Moved(replica.Model.Id, replica.State, next);
        replica.Why = why ?? replica.Why;
        Record(replica, replica.State, trigger.ToString(), next);
        _touched.Add(replica);
        replica.Attempt++;
        replica.StateSince = _now;
        replica.StateSinceUtc = _time.GetUtcNow();
        // Answers to earlier questions belong to an older attempt now, and will not be heard.
        replica.ProbeRunning = false;
        replica.TroubleProbeRunning = false;
        if (next is { } state)
        {
            replica.State = state;
        }
        else
        {
            _replicas.Remove(replica.Id);
            _index.Remove(replica);
        }
    }

    /// <summary>True when no other replica is changing the memory of these gpus.</summary>
    private bool AreQuiet(Replica replica) => AreQuiet(replica.GpuIds, replica);

    private bool AreQuiet(IReadOnlyList<string> gpus, Replica? self) => _index.AreQuiet(gpus, self);

    private IReadOnlyList<Replica> ReplicasOf(ModelEntry entry) => _index.OfModel(entry.Spec.Id);

    /// <summary>False for one that has to be replaced: of a removed model, of an older revision, or on a gpu that is being drained.</summary>
    private bool IsCurrent(ModelEntry entry, Replica replica) =>
        !entry.IsRemoved && replica.Model.Revision == entry.Spec.Revision && (_drained.Count == 0 || !replica.GpuIds.Any(_drained.Contains));
}
