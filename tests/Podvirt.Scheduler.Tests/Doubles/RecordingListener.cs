using Podvirt.Core.Messages;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>Keeps what the loop tells.</summary>
internal sealed class RecordingListener : ILoopListener
{
    public List<ReplicaTransition> Transitions { get; } = [];

    public FleetReport Fleet { get; private set; } = FleetReport.Empty;

    public void Moved(ReplicaTransition transition) => Transitions.Add(transition);

    public void Show(FleetReport report) => Fleet = report;
}
