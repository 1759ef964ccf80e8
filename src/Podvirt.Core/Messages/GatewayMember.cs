namespace Podvirt.Core.Messages;

/// <summary>What stands in a gateway's membership lease, for the scheduler and the other gateways.</summary>
/// <param name="Gateway">The gateway's id, new at every start.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="RoutesEpoch">Epoch of the route table it works by.</param>
/// <param name="RoutesRevision">Revision of it, as of the last renewal.</param>
public sealed record GatewayMember(string Gateway, DateTimeOffset StartedAt, long RoutesEpoch, long RoutesRevision)
{
    /// <summary>The lease's name is this and the id.</summary>
    public const string LeasePrefix = "gateways/";
}
