using Podvirt.Core.Messages;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>The contract of every type that travels on the bus; each subject of <see cref="Subjects"/> has one.</summary>
internal static class MessageContracts
{
    private static readonly Dictionary<Type, object> _all = new()
    {
        [typeof(RouteTable)] = RouteContracts.Table,
        [typeof(FleetReport)] = FleetContracts.Fleet,
        [typeof(ReplicaTransition)] = FleetContracts.Transition,
        [typeof(GatewayReport)] = GatewayContracts.Report,
        [typeof(ReplicaTrouble)] = GatewayContracts.Trouble,
        [typeof(NodeReport)] = NodeContracts.Report,
        [typeof(NodeQuestion)] = NodeContracts.Question,
        [typeof(LogQuery)] = LogContracts.Query,
        [typeof(LogQueryAnswer)] = LogContracts.Answer,
    };

    /// <exception cref="InvalidOperationException">Nobody wrote one: such messages cannot leave the process.</exception>
    public static MessageContract<T> Of<T>()
        where T : class =>
        _all.TryGetValue(typeof(T), out var contract)
            ? (MessageContract<T>)contract
            : throw new InvalidOperationException($"{typeof(T).Name} has no message contract");
}
