using Podvirt.Core.Messages;
using Podvirt.Messaging;

namespace Podvirt.Fleet;

/// <summary>Listens to the bus and holds the last that was heard: routes and the fleet from the scheduler, demand from every gateway.</summary>
internal sealed class FleetView(IBus bus, TimeProvider time) : BusListener(bus)
{
    /// <summary>Gateways report every second; one that is silent for five is gone.</summary>
    private static readonly TimeSpan _reportLifetime = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (GatewayReport Report, DateTimeOffset At)> _reports = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private RouteTable _routes = RouteTable.Empty;
    private FleetReport _report = FleetReport.Empty;
    private TaskCompletionSource _changed = NewSignal();

    public RouteTable Routes
    {
        get
        {
            lock (_gate)
            {
                return _routes;
            }
        }
    }

    /// <summary>False until the scheduler has spoken.</summary>
    public bool HasRoutes => Routes.Epoch > 0 || Routes.Revision > 0;

    /// <summary>Completes with the next change after this call.</summary>
    public Task NextChange
    {
        get
        {
            lock (_gate)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>By model, summed over all gateways that still report.</summary>
    public IReadOnlyDictionary<string, Demand> Demand()
    {
        lock (_gate)
        {
            DropSilent();
            return _reports.Values
                .SelectMany(r => r.Report.Models)
                .GroupBy(m => m.Model, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => new Demand(g.Sum(m => m.Waiting), g.Sum(m => m.InFlight)), StringComparer.Ordinal);
        }
    }

    /// <summary>Gpus and replicas as the scheduler last told, with the load that gateways told since.</summary>
    public FleetLists Lists()
    {
        lock (_gate)
        {
            DropSilent();
            var inFlight = _reports.Values.SelectMany(r => r.Report.Replicas)
                .GroupBy(r => r.Replica, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => g.Sum(r => r.InFlight), StringComparer.Ordinal);
            return FleetViews.Of(_report, inFlight);
        }
    }

    protected override void Listen()
    {
        Hear(Subjects.Routes, TakeRoutes);
        Hear(Subjects.GatewayReports, TakeReport);
        Hear(Subjects.Fleet, TakeFleet);
    }

    private void TakeRoutes(RouteTable routes)
    {
        lock (_gate)
        {
            if (!routes.IsNewerThan(_routes))
            {
                return;
            }
            _routes = routes;
        }
        SignalChange();
    }

    private void TakeFleet(FleetReport report)
    {
        lock (_gate)
        {
            if (!report.IsNewerThan(_report))
            {
                return;
            }
            _report = report;
        }
        SignalChange();
    }

    private void TakeReport(GatewayReport report)
    {
        bool same;
        lock (_gate)
        {
            same = _reports.TryGetValue(report.Gateway, out var last) && Counts(last.Report).SequenceEqual(Counts(report));
            _reports[report.Gateway] = (report, time.GetUtcNow());
        }
        if (!same)
        {
            SignalChange();
        }
    }

    private void DropSilent()
    {
        var oldest = time.GetUtcNow() - _reportLifetime;
        foreach (var (gateway, _) in _reports.Where(r => r.Value.At < oldest).ToList())
        {
            _reports.Remove(gateway);
        }
    }

    /// <summary>What of a report is shown; the rest may change without news.</summary>
    private static IEnumerable<(string Model, int Waiting, int InFlight)> Counts(GatewayReport report) =>
        report.Models.Select(m => (m.Model, m.Waiting, m.InFlight));

    private void SignalChange()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            changed = _changed;
            _changed = NewSignal();
        }
        changed.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
