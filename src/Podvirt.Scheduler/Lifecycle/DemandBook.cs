using Podvirt.Core.Messages;

namespace Podvirt.Scheduler.Lifecycle;

/// <param name="Waiting">Parked requests of all gateways.</param>
/// <param name="Oldest">How long the oldest of them has waited, as of now.</param>
/// <param name="InFlight">Requests at an engine.</param>
internal readonly record struct Demand(int Waiting, TimeSpan Oldest, int InFlight);

/// <summary>
/// The last report of every living gateway. A gateway that has been silent for its lease, and has no membership either, is forgotten: its
/// demand is zero and its fence counts as given, because such a gateway asks an engine itself before it sends. One that has a membership
/// and was not heard yet has given no fence.
/// </summary>
internal sealed class DemandBook
{
    private readonly TimeSpan _lease;
    private readonly Dictionary<string, Page> _pages = [];
    private IReadOnlySet<string> _members = new HashSet<string>();

    public DemandBook(TimeSpan lease) => _lease = lease;

    public int Gateways => _pages.Count;

    public void Record(GatewayReport report, TimeSpan now) => _pages[report.Gateway] = new Page(report, now);

    /// <summary>The gateways that have a membership, as last listed. Where there is no such list, silence alone decides.</summary>
    public void Meet(IReadOnlySet<string> members) => _members = members;

    public void Expire(TimeSpan now)
    {
        foreach (var (gateway, page) in _pages)
        {
            if (now - page.At >= _lease && !_members.Contains(gateway))
            {
                // Removing while enumerating is allowed for dictionaries.
                _pages.Remove(gateway);
            }
        }
    }

    public Demand Of(string model, TimeSpan now)
    {
        var waiting = 0;
        var inFlight = 0;
        var oldest = TimeSpan.Zero;
        foreach (var page in _pages.Values)
        {
            if (!page.Models.TryGetValue(model, out var demand))
            {
                continue;
            }

            waiting += demand.Waiting;
            inFlight += demand.InFlight;
            if (demand.Waiting > 0)
            {
                var age = TimeSpan.FromMilliseconds(demand.OldestMs) + (now - page.At);
                oldest = age > oldest ? age : oldest;
            }
        }

        return new Demand(waiting, oldest, inFlight);
    }

    public int InFlightOf(string replica)
    {
        var sum = 0;
        foreach (var page in _pages.Values)
        {
            sum += page.Replicas.GetValueOrDefault(replica);
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

        if (_members.Any(gateway => !_pages.ContainsKey(gateway)))
        {
            return false;
        }

        foreach (var page in _pages.Values)
        {
            if (page.Report.RoutesEpoch != epoch || page.Report.RoutesRevision < revision)
            {
                return false;
            }
        }

        return InFlightOf(replica) == 0;
    }

    /// <summary>One report, by model and by replica: it is asked for every model, and there may be thousands.</summary>
    private sealed class Page
    {
        public Page(GatewayReport report, TimeSpan at)
        {
            Report = report;
            At = at;
            foreach (var demand in report.Models)
            {
                var before = Models.GetValueOrDefault(demand.Model, new ModelDemand(demand.Model, 0, 0, 0));
                Models[demand.Model] = new ModelDemand(
                    demand.Model, before.Waiting + demand.Waiting, Math.Max(before.OldestMs, demand.OldestMs), before.InFlight + demand.InFlight);
            }

            foreach (var load in report.Replicas)
            {
                Replicas[load.Replica] = Replicas.GetValueOrDefault(load.Replica) + load.InFlight;
            }
        }

        public GatewayReport Report { get; }

        public TimeSpan At { get; }

        public Dictionary<string, ModelDemand> Models { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, int> Replicas { get; } = new(StringComparer.Ordinal);
    }
}
