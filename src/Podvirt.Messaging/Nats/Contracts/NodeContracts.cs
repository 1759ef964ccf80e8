using Podvirt.Core.Messages;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>What node agents say, and are asked.</summary>
internal static class NodeContracts
{
    public static MessageContract<NodeReport> Report { get; } = new(
        version: 1,
        fields: 7,
        static (ref FieldWriter w, NodeReport report) =>
        {
            w.Text(report.Node);
            w.Text(report.Name);
            w.List(report.Gpus, WriteGpu);
            w.Number(report.HostBytes);
            w.Number(report.HostFreeBytes);
            w.List(report.Replicas, WriteReplica);
            w.Texts(report.Answers);
        },
        static (ref FieldReader r) => new NodeReport(
            r.Text(), r.Text(), r.List<NodeGpu>(ReadGpu), r.Number(), r.Number(), r.List<NodeReplica>(ReadReplica), r.Texts()));

    public static MessageContract<NodeQuestion> Question { get; } = new(
        version: 1,
        fields: 2,
        static (ref FieldWriter w, NodeQuestion question) =>
        {
            w.Text(question.Node);
            w.Text(question.Id);
        },
        static (ref FieldReader r) => new NodeQuestion(r.Text(), r.Text()));

    private static void WriteGpu(ref FieldWriter w, NodeGpu gpu)
    {
        w.Begin(6);
        w.Text(gpu.Id);
        w.Number(gpu.Index);
        w.Text(gpu.Type);
        w.Number(gpu.MemoryBytes);
        w.Number(gpu.FreeBytes);
        w.Flag(gpu.Simulated);
    }

    private static NodeGpu ReadGpu(ref FieldReader r)
    {
        var outer = r.Begin();
        var gpu = new NodeGpu(r.Text(), r.Int(), r.Text(), r.Number(), r.OptionalNumber(), r.Flag());
        r.End(outer);
        return gpu;
    }

    private static void WriteReplica(ref FieldWriter w, NodeReplica replica)
    {
        w.Begin(3);
        w.Text(replica.Replica);
        w.Number(replica.HostBytes);
        w.List(replica.Gpus, WriteHold);
    }

    private static NodeReplica ReadReplica(ref FieldReader r)
    {
        var outer = r.Begin();
        var replica = new NodeReplica(r.Text(), r.OptionalNumber(), r.List<NodeHold>(ReadHold));
        r.End(outer);
        return replica;
    }

    private static void WriteHold(ref FieldWriter w, NodeHold hold)
    {
        w.Begin(2);
        w.Text(hold.Gpu);
        w.Number(hold.Bytes);
    }

    private static NodeHold ReadHold(ref FieldReader r)
    {
        var outer = r.Begin();
        var hold = new NodeHold(r.Text(), r.Number());
        r.End(outer);
        return hold;
    }
}
