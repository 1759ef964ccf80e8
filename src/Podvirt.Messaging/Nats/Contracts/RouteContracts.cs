using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary><see cref="RouteTable"/>: where every model is served.</summary>
internal static class RouteContracts
{
    public static MessageContract<RouteTable> Table { get; } = new(
        version: 1,
        fields: 3,
        static (ref FieldWriter w, RouteTable table) =>
        {
            w.Number(table.Epoch);
            w.Number(table.Revision);
            w.List(table.Models, WriteModel);
        },
        static (ref FieldReader r) => new RouteTable(r.Number(), r.Number(), r.List(ReadModel)));

    private static void WriteModel(ref FieldWriter w, ModelRoute route)
    {
        w.Begin(8);
        w.Optional(route.Model, ModelContracts.Write);
        w.Enumerated(route.Status);
        w.List(route.Replicas, WriteReplica);
        w.Optional(route.WarmUp, WriteWarmUp);
        w.Optional(route.Failure, WriteFailure);
        w.Number(route.FailedReplicas);
        w.Number(route.StartupDurationMs);
        w.Number(route.ExpectedWaitMs);
    }

    private static ModelRoute? ReadModel(ref FieldReader r)
    {
        var outer = r.Begin();
        var model = r.Optional<ModelSpec>(static (ref FieldReader f) => ModelContracts.Read(ref f)!);
        var route = model is null
            ? null
            : new ModelRoute
            {
                Model = model,
                Status = r.Enumerated(ModelStatus.Cold),
                Replicas = r.List<ReplicaRoute>(ReadReplica),
                WarmUp = r.Optional(ReadWarmUp),
                Failure = r.Optional(ReadFailure),
                FailedReplicas = r.Int(),
                StartupDurationMs = r.OptionalNumber(),
                ExpectedWaitMs = r.OptionalNumber(),
            };
        r.End(outer);
        return route;
    }

    private static void WriteReplica(ref FieldWriter w, ReplicaRoute replica)
    {
        w.Begin(9);
        w.Text(replica.Id);
        w.Text(replica.Address);
        w.Text(replica.ApiKey);
        w.Text(replica.ServedAs);
        w.Number(replica.Revision);
        w.Number(replica.Slots);
        w.Enumerated(replica.State);
        w.Texts(replica.Gpus);
        w.Text(replica.GpuType);
    }

    private static ReplicaRoute ReadReplica(ref FieldReader r)
    {
        var outer = r.Begin();
        // A state that is not known is one that takes no requests.
        var replica = new ReplicaRoute(
            r.Text(), r.Text(), r.Text(), r.Text(), r.Int(), r.Int(), r.Enumerated(ReplicaState.Placing), r.Texts(), r.Text());
        r.End(outer);
        return replica;
    }

    private static void WriteWarmUp(ref FieldWriter w, WarmUp warmUp)
    {
        w.Begin(4);
        w.Text(warmUp.Phase);
        w.Time(warmUp.Since);
        w.Time(warmUp.ExpectedAt);
        w.Number(warmUp.LeastLeftMs);
    }

    private static WarmUp ReadWarmUp(ref FieldReader r)
    {
        var outer = r.Begin();
        var warmUp = new WarmUp(r.Text(), r.Time(), r.OptionalTime(), r.Number());
        r.End(outer);
        return warmUp;
    }

    private static void WriteFailure(ref FieldWriter w, ModelFailure failure)
    {
        w.Begin(3);
        w.Text(failure.Code);
        w.Text(failure.Reason);
        w.Time(failure.RetryAt);
    }

    private static ModelFailure ReadFailure(ref FieldReader r)
    {
        var outer = r.Begin();
        var failure = new ModelFailure(r.Text(), r.Text(), r.OptionalTime());
        r.End(outer);
        return failure;
    }
}
