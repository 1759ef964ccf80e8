using Podvirt.Core.Messages;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>What gateways say: <see cref="GatewayReport"/> and <see cref="ReplicaTrouble"/>.</summary>
internal static class GatewayContracts
{
    public static MessageContract<GatewayReport> Report { get; } = new(
        version: 1,
        fields: 5,
        static (ref FieldWriter w, GatewayReport report) =>
        {
            w.Text(report.Gateway);
            w.Number(report.RoutesEpoch);
            w.Number(report.RoutesRevision);
            w.List(report.Models, WriteDemand);
            w.List(report.Replicas, WriteLoad);
        },
        static (ref FieldReader r) => new GatewayReport(
            r.Text(), r.Number(), r.Number(), r.List<ModelDemand>(ReadDemand), r.List<ReplicaLoad>(ReadLoad)));

    public static MessageContract<ReplicaTrouble> Trouble { get; } = new(
        version: 1,
        fields: 6,
        static (ref FieldWriter w, ReplicaTrouble trouble) =>
        {
            w.Text(trouble.Gateway);
            w.Text(trouble.Model);
            w.Text(trouble.Replica);
            w.Enumerated(trouble.Kind);
            w.Text(trouble.Detail);
            w.Number(trouble.InARow);
        },
        static (ref FieldReader r) => new ReplicaTrouble(
            r.Text(), r.Text(), r.Text(), r.Enumerated(TroubleKind.BadResponse), r.Text(), r.Int(missing: 1)));

    private static void WriteDemand(ref FieldWriter w, ModelDemand demand)
    {
        w.Begin(4);
        w.Text(demand.Model);
        w.Number(demand.Waiting);
        w.Number(demand.OldestMs);
        w.Number(demand.InFlight);
    }

    private static ModelDemand ReadDemand(ref FieldReader r)
    {
        var outer = r.Begin();
        var demand = new ModelDemand(r.Text(), r.Int(), r.Number(), r.Int());
        r.End(outer);
        return demand;
    }

    private static void WriteLoad(ref FieldWriter w, ReplicaLoad load)
    {
        w.Begin(2);
        w.Text(load.Replica);
        w.Number(load.InFlight);
    }

    private static ReplicaLoad ReadLoad(ref FieldReader r)
    {
        var outer = r.Begin();
        var load = new ReplicaLoad(r.Text(), r.Int());
        r.End(outer);
        return load;
    }
}
