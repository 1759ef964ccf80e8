namespace Podvirt.Metering.GpuTime;

// What one leader hands to the next.
internal sealed partial class GpuTimeline
{
    /// <summary>Goes on where a state was taken. What is not known to be there still ended then: nobody saw it later.</summary>
    public static GpuTimeline Restore(GpuTimelineState state)
    {
        var timeline = new GpuTimeline(state.Began);
        foreach (var held in state.Held)
        {
            timeline._held.Add(held.Replica, new Held(held.Model, held.Revision, held.Gpus, held.Use, held.Since) { From = held.From, LastSeen = held.SeenAt });
        }
        foreach (var interval in state.Unwritten)
        {
            timeline._unwritten[(interval.Replica, interval.From)] = interval;
        }
        return timeline;
    }

    /// <summary>All that <see cref="Cut"/> has said and that is not on disk, and what goes on from there.</summary>
    public GpuTimelineState State(DateTimeOffset now, long epoch, long sequence) => new(
        began, epoch, sequence,
        [.. _held.Select(h => new HeldGpus(h.Key, h.Value.Model, h.Value.Revision, h.Value.Gpus, h.Value.Use, h.Value.Since, h.Value.From, h.Value.LastSeen ?? now))],
        [.. _unwritten.Values]);
}

/// <summary>A timeline at one moment.</summary>
/// <param name="Began">Nothing before is counted.</param>
/// <param name="Epoch">Of the last transition in it.</param>
/// <param name="Sequence">Of the last transition in it.</param>
/// <param name="Unwritten">Intervals that may not be on the ledger.</param>
internal sealed record GpuTimelineState(
    DateTimeOffset Began, long Epoch, long Sequence, IReadOnlyList<HeldGpus> Held, IReadOnlyList<Ledger.GpuInterval> Unwritten);

/// <summary>A replica that holds gpus.</summary>
/// <param name="Since">When it entered its state.</param>
/// <param name="From">Where its present interval begins.</param>
/// <param name="SeenAt">Until when it is known to have held them.</param>
internal sealed record HeldGpus(
    string Replica, string Model, int Revision, int Gpus, Ledger.GpuUse Use, DateTimeOffset Since, DateTimeOffset From, DateTimeOffset SeenAt);
