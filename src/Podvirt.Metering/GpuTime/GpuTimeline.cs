using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.GpuTime;

/// <summary>
/// What each replica does with its gpus, from the scheduler's transitions, and from its reports where a transition was
/// lost. Pure: told of the time. An interval ends with its state, and with its hour.
/// </summary>
/// <param name="began">Nothing before is counted: it was another process's to count.</param>
internal sealed partial class GpuTimeline(DateTimeOffset began)
{
    private readonly Dictionary<string, Held> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Replica, DateTimeOffset From), GpuInterval> _unwritten = [];

    /// <summary>Replicas that hold gpus.</summary>
    public int Holders => _held.Count;

    public void Apply(ReplicaTransition transition) => Change(
        transition.Replica, transition.Model, transition.Revision, transition.Gpus.Count, transition.To, transition.At);

    /// <summary>Heals what was missed. A report that is older than what is known of a replica says nothing of it.</summary>
    public void Apply(FleetReport report, DateTimeOffset now)
    {
        var present = new HashSet<string>(StringComparer.Ordinal);
        foreach (var replica in report.Replicas)
        {
            present.Add(replica.Id);
            var held = _held.GetValueOrDefault(replica.Id);
            if (held is not null)
            {
                (held.IsMissing, held.LastSeen) = (false, null);
            }
            if ((held is null || replica.Since > held.Since) && held?.Use != UseOf(replica.State))
            {
                Change(replica.Id, replica.Model, replica.Revision, replica.Gpus.Count, replica.State, replica.Since);
            }
        }
        foreach (var (id, held) in _held.Where(h => !present.Contains(h.Key)).ToList())
        {
            // The second report without it: the first may be from before it was placed.
            if (held.IsMissing)
            {
                Change(id, held.Model, held.Revision, held.Gpus, state: null, held.LastSeen ?? now);
            }
            held.IsMissing = true;
        }
    }

    /// <summary>All intervals that have ended or grown. They stay until <see cref="Kept"/> says that they are on disk.</summary>
    public IReadOnlyList<GpuInterval> Cut(DateTimeOffset now)
    {
        foreach (var (id, held) in _held)
        {
            Close(id, held, held.LastSeen ?? now);
        }
        return [.. _unwritten.Values];
    }

    /// <summary>These are on disk. What has grown meanwhile is not.</summary>
    public void Kept(IReadOnlyList<GpuInterval> written)
    {
        foreach (var interval in written)
        {
            if (_unwritten.TryGetValue((interval.Replica, interval.From), out var last) && ReferenceEquals(last, interval))
            {
                _unwritten.Remove((interval.Replica, interval.From));
            }
        }
    }

    private void Change(string replica, string model, int revision, int gpus, ReplicaState? state, DateTimeOffset at)
    {
        at = at > began ? at : began;
        if (_held.Remove(replica, out var held))
        {
            Close(replica, held, at);
            at = at > held.From ? at : held.From;
        }
        if (state is { } known && UseOf(known) is { } use && gpus > 0)
        {
            _held.Add(replica, new Held(model, revision, gpus, use, at) { From = at });
        }
    }

    // Up to the moment; what follows begins where the hour does.
    private void Close(string replica, Held held, DateTimeOffset at)
    {
        while (held.From < at)
        {
            var hourEnd = Micros.ToTime(Micros.FloorTo(Micros.Of(held.From), Micros.Hour) + Micros.Hour);
            var to = hourEnd < at ? hourEnd : at;
            _unwritten[(replica, held.From)] = new GpuInterval(held.Model, held.Revision, replica, held.Use, held.Gpus, held.From, to);
            if (to < hourEnd)
            {
                return;
            }
            held.From = hourEnd;
        }
    }

    private static GpuUse? UseOf(ReplicaState state) => state.ToModelStatus() switch
    {
        ModelStatus.Active => GpuUse.Active,
        ModelStatus.WarmingUp => GpuUse.Warming,
        ModelStatus.Sleeping => GpuUse.Sleeping,
        _ => null,
    };

    private sealed class Held(string model, int revision, int gpus, GpuUse use, DateTimeOffset since)
    {
        public string Model => model;

        public int Revision => revision;

        public int Gpus => gpus;

        public GpuUse Use => use;

        public DateTimeOffset Since => since;

        /// <summary>Where the present interval begins.</summary>
        public DateTimeOffset From { get; set; }

        public bool IsMissing { get; set; }

        /// <summary>By an earlier leader, where nobody has seen it since; null: it is seen.</summary>
        public DateTimeOffset? LastSeen { get; set; }
    }
}
