using System.Diagnostics.Metrics;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler;

/// <summary>The room's meter, <c>Podvirt.Scheduler</c>.</summary>
internal sealed class SchedulerMetrics : IDisposable
{
    public const string MeterName = "Podvirt.Scheduler";

    private readonly Meter _meter;
    private readonly Counter<long> _transitions;
    private readonly Counter<long> _starts;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _recycles;
    private readonly Counter<long> _evictions;
    private readonly Histogram<double> _startup;
    private readonly Counter<long> _terms;
    private readonly Counter<long> _termsLost;
    private readonly Counter<long> _refused;
    private IReadOnlyList<Measurement<int>> _counts = [];
    private int _isLeader;

    public SchedulerMetrics(IMeterFactory? factory = null)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _transitions = _meter.CreateCounter<long>(
            "podvirt_replica_transitions", description: "Changes of replica state, by the state left and the state entered.");
        _starts = _meter.CreateCounter<long>("podvirt_replica_starts", description: "Replicas placed.");
        _failures = _meter.CreateCounter<long>("podvirt_replica_failures", description: "Replicas that broke, by the state they were in.");
        _recycles = _meter.CreateCounter<long>(
            "podvirt_replica_recycles", description: "Replicas removed because a sleep or a wake went wrong.");
        _evictions = _meter.CreateCounter<long>("podvirt_replica_evictions", description: "Replicas that had to leave for another model.");
        _startup = _meter.CreateHistogram<double>("podvirt_replica_startup_seconds", "s", "Placing to Active of cold starts.");
        _terms = _meter.CreateCounter<long>("podvirt_scheduler_terms", description: "Times that this scheduler came to lead.");
        _termsLost = _meter.CreateCounter<long>(
            "podvirt_scheduler_terms_lost", description: "Times that it lost the lead, rather than leave it in order.");
        _refused = _meter.CreateCounter<long>(
            "podvirt_scheduler_effects_refused", description: "Effects that were not begun because it led no more, by kind.");
        _meter.CreateObservableGauge("podvirt_scheduler_leads", () => _isLeader, description: "1 while this scheduler leads, 0 while it stands by.");
        _meter.CreateObservableGauge("podvirt_replicas", () => _counts, description: "Replicas by state.");
    }

    public void Moved(string model, ReplicaState from, ReplicaState? to) => _transitions.Add(
        1, new("model", model), new("from", from.ToString()), new("to", to?.ToString() ?? "gone"));

    public void Placed(string model) => _starts.Add(1, new KeyValuePair<string, object?>("model", model));

    public void Failed(string model, ReplicaState state) => _failures.Add(1, new("model", model), new("state", state.ToString()));

    public void Recycled(string model, ReplicaState state) => _recycles.Add(1, new("model", model), new("state", state.ToString()));

    public void Evicted(string model, DrainReason reason) => _evictions.Add(1, new("model", model), new("reason", reason.ToString()));

    public void Started(string model, TimeSpan took) =>
        _startup.Record(took.TotalSeconds, new KeyValuePair<string, object?>("model", model));

    public void Count(IEnumerable<Replica> replicas) => _counts =
    [
        .. replicas.GroupBy(replica => replica.State)
            .Select(group => new Measurement<int>(group.Count(), new KeyValuePair<string, object?>("state", group.Key.ToString()))),
    ];

    public void BeganToLead()
    {
        _isLeader = 1;
        _terms.Add(1);
    }

    public void EndedToLead(bool wasLost)
    {
        _isLeader = 0;
        _counts = [];
        if (wasLost)
        {
            _termsLost.Add(1);
        }
    }

    public void Refused(IntentEffect effect) => _refused.Add(1, new KeyValuePair<string, object?>("effect", effect.ToString()));

    public void Dispose() => _meter.Dispose();
}
