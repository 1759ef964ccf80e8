using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>What the scheduler says to people: <see cref="FleetReport"/> and <see cref="ReplicaTransition"/>.</summary>
internal static class FleetContracts
{
    public static MessageContract<FleetReport> Fleet { get; } = new(
        version: 1,
        fields: 4,
        static (ref FieldWriter w, FleetReport report) =>
        {
            w.Number(report.Epoch);
            w.Number(report.Revision);
            w.List(report.Gpus, WriteGpu);
            w.List(report.Replicas, WriteReplica);
        },
        static (ref FieldReader r) => new FleetReport(r.Number(), r.Number(), r.List<GpuReport>(ReadGpu), r.List<ReplicaReport>(ReadReplica)));

    public static MessageContract<ReplicaTransition> Transition { get; } = new(
        version: 1,
        fields: 14,
        static (ref FieldWriter w, ReplicaTransition transition) =>
        {
            w.Number(transition.Epoch);
            w.Number(transition.Sequence);
            w.Time(transition.At);
            w.Text(transition.Model);
            w.Number(transition.Revision);
            w.Text(transition.Replica);
            w.Texts(transition.Gpus);
            w.OptionalEnum(transition.From);
            w.Text(transition.Trigger);
            w.OptionalEnum(transition.To);
            w.Enumerated(transition.Cause);
            w.Text(transition.Reason);
            w.Number(transition.TookMs);
            w.Optional(transition.Eviction, WriteEviction);
        },
        static (ref FieldReader r) => new ReplicaTransition(
            r.Number(), r.Number(), r.Time(), r.Text(), r.Int(), r.Text(), r.Texts(), r.OptionalEnum<ReplicaState>(), r.Text(),
            r.OptionalEnum<ReplicaState>(), r.Enumerated(TransitionCause.Operator), r.Text(), r.Number(), r.Optional(ReadEviction)));

    private static void WriteGpu(ref FieldWriter w, GpuReport gpu)
    {
        w.Begin(10);
        w.Text(gpu.Id);
        w.Number(gpu.Index);
        w.Text(gpu.Node);
        w.Text(gpu.Type);
        w.Flag(gpu.Simulated);
        w.Number(gpu.MemoryBytes);
        w.Number(gpu.ReservedBytes);
        w.Number(gpu.SleepingBytes);
        w.Text(gpu.Transition);
        w.Flag(gpu.IsDraining);
    }

    private static GpuReport ReadGpu(ref FieldReader r)
    {
        var outer = r.Begin();
        var gpu = new GpuReport(
            r.Text(), r.Int(), r.Text(), r.Text(), r.Flag(), r.Number(), r.Number(), r.Number(), r.OptionalText(), r.Flag());
        r.End(outer);
        return gpu;
    }

    private static void WriteReplica(ref FieldWriter w, ReplicaReport replica)
    {
        w.Begin(14);
        w.Text(replica.Id);
        w.Text(replica.Model);
        w.Number(replica.Revision);
        w.Enumerated(replica.State);
        w.Time(replica.Since);
        w.Time(replica.CreatedAt);
        w.Text(replica.Phase);
        w.Texts(replica.Gpus);
        w.Text(replica.GpuType);
        w.Number(replica.HeldBytes);
        w.Number(replica.SleepLevel);
        w.Enumerated(replica.Cause);
        w.Text(replica.Reason);
        w.Number(replica.HostBytes);
    }

    private static ReplicaReport ReadReplica(ref FieldReader r)
    {
        var outer = r.Begin();
        var replica = new ReplicaReport(
            r.Text(), r.Text(), r.Int(), r.Enumerated(ReplicaState.Placing), r.Time(), r.Time(), r.OptionalText(), r.Texts(), r.Text(),
            r.Number(), r.OptionalInt(), r.Enumerated(TransitionCause.Operator), r.Text(), r.Number());
        r.End(outer);
        return replica;
    }

    private static void WriteEviction(ref FieldWriter w, EvictionNumbers eviction)
    {
        w.Begin(5);
        w.Text(eviction.ForModel);
        w.Texts(eviction.Gpus);
        w.Number(eviction.NeededBytes);
        w.Number(eviction.FreeBytes);
        w.Number(eviction.FreedBytes);
    }

    private static EvictionNumbers ReadEviction(ref FieldReader r)
    {
        var outer = r.Begin();
        var eviction = new EvictionNumbers(r.Text(), r.Texts(), r.Number(), r.Number(), r.Number());
        r.End(outer);
        return eviction;
    }
}
