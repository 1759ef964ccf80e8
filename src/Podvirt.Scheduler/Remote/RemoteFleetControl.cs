using Podvirt.Core.Messages;

namespace Podvirt.Scheduler.Remote;

/// <summary>Operators' hands on a fleet whose scheduler is another process.</summary>
internal sealed class RemoteFleetControl(BusCalls<FleetOrder, FleetOrderAnswer> calls) : IFleetControl
{
    public async Task<FleetAnswer> DoAsync(FleetAction action, string target, CancellationToken cancellationToken) =>
        await calls.AskAsync(id => new FleetOrder(id, action.ToString(), target), cancellationToken) is { } answer
            ? new FleetAnswer(answer.Accepted, answer.Code, answer.Message)
            : new FleetAnswer(false, "no_scheduler", "No scheduler answered: none leads at the moment, or the bus is down. Whether the order was heard is not known; look, and give it again.");
}
