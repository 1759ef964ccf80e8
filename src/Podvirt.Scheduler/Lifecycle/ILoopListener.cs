using Podvirt.Core.Messages;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Who is told what the loop does. Called by the loop between its decisions: returns at once.</summary>
internal interface ILoopListener
{
    void Moved(ReplicaTransition transition);

    void Show(FleetReport report);
}

/// <param name="Cause">Why a replica changes its state, in a word.</param>
/// <param name="Reason">In a sentence.</param>
/// <param name="Eviction">For whom, and the numbers.</param>
internal sealed record Why(TransitionCause Cause, string Reason, EvictionNumbers? Eviction = null);

internal sealed class LoopListeners(params IReadOnlyList<ILoopListener> all) : ILoopListener
{
    public void Moved(ReplicaTransition transition)
    {
        foreach (var listener in all)
        {
            listener.Moved(transition);
        }
    }

    public void Show(FleetReport report)
    {
        foreach (var listener in all)
        {
            listener.Show(report);
        }
    }
}
