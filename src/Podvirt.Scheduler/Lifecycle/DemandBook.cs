using Podvirt.Core.Messages;

namespace Podvirt.Scheduler.Lifecycle;

/// <param name="Waiting">Parked requests of all gateways.</param>
/// <param name="Oldest">How long the oldest of them has waited, as of now.</param>
/// <param name="InFlight">Requests at an engine.</param>
internal readonly record struct Demand(int Waiting, TimeSpan Oldest, int InFlight);

/// <summary>
/// The last report of every living gateway. A gateway that has been silent for its lease is forgotten: its demand is zero
/// and its fence counts as given, because such a gateway asks an engine itself before it sends.
/// </summary>
internal sealed class DemandBook
{
    private readonly TimeSpan _lease;
    private readonly Dictionary<string, (GatewayReport Report, TimeSpan At)> _reports = [];

    public DemandBook(TimeSpan lease) => _lease = lease;

    public int Gateways => _reports.Count;

    public void Record(GatewayReport report, TimeSpan now) => _reports[report.Gateway] = (report, now);

    public void Expire(TimeSpan now)
    {
        foreach (var (gateway, entry) in _reports)
        {
            if (now - entry.At >= _lease)
            {
                // Removing while enumerating is allowed for dictionaries.
                _reports.Remove(gateway);
            }
        }
    }

    public Demand Of(string model, TimeSpan now)
    {
        var waiting = 0;
        var inFlight = 0;
        var oldest = TimeSpan.Zero;
        foreach (var (report, at) in _reports.Values)
        {
            foreach (var demand in report.Models)
            {
                if (demand.Model != model)
                {
                    continue;
                }

                waiting += demand.Waiting;
                inFlight += demand.InFlight;
                if (demand.Waiting > 0)
                {
                    var age = TimeSpan.FromMilliseconds(demand.OldestMs) + (now - at);
                    oldest = age > oldest ? age : oldest;
                }
            }
        }

        return new Demand(waiting, oldest, inFlight);
    }

    public int InFlightOf(string replica)
    {
        var sum = 0;
        foreach (var (report, _) in _reports.Values)
        {
            foreach (var load in report.Replicas)
            {
                sum += load.Replica == replica ? load.InFlight : 0;
            }
        }

        return sum;
    }

    /// <summary>True when every living gateway works by a table in which the replica is fenced, and none has a request at it.</summary>
    public bool IsFenced(string replica, long epoch, long revision)
    {
        if (revision == 0)
        {
            return false;
        }

        foreach (var (report, _) in _reports.Values)
        {
            if (report.RoutesEpoch != epoch || report.RoutesRevision < revision)
            {
                return false;
            }
        }

        return InFlightOf(replica) == 0;
    }
}
