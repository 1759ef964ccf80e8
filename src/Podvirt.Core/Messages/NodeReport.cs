namespace Podvirt.Core.Messages;

/// <summary>One machine as its node agent sees it at one moment.</summary>
/// <param name="Node">Its id in the cluster.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Gpus">Its devices, in PCI order.</param>
/// <param name="HostBytes">All of its own memory that engines may use.</param>
/// <param name="HostFreeBytes">What nobody uses of it.</param>
/// <param name="Replicas">Those that have processes here.</param>
/// <param name="Answers">Ids of the questions that came before this was measured, and after the last report.</param>
public sealed record NodeReport(
    string Node, string Name, IReadOnlyList<NodeGpu> Gpus, long HostBytes, long HostFreeBytes, IReadOnlyList<NodeReplica> Replicas,
    IReadOnlyList<string> Answers);

/// <param name="Id">Its UUID.</param>
/// <param name="Index">Its index in PCI order.</param>
/// <param name="Type">Marketing name.</param>
/// <param name="FreeBytes">What nobody holds of its memory; null: it could not be measured.</param>
/// <param name="Simulated">True for a device that only the simulated engine knows.</param>
public sealed record NodeGpu(string Id, int Index, string Type, long MemoryBytes, long? FreeBytes, bool Simulated);

/// <param name="Replica">Its id.</param>
/// <param name="HostBytes">Host memory that its processes hold, their working memory among it: only differences mean anything. Null: not measured.</param>
/// <param name="Gpus">Those on which its share could be measured.</param>
public sealed record NodeReplica(string Replica, long? HostBytes, IReadOnlyList<NodeHold> Gpus);

/// <param name="Gpu">Device id.</param>
/// <param name="Bytes">Of its memory.</param>
public sealed record NodeHold(string Gpu, long Bytes);

/// <summary>Asks a node's agent for a report that is measured after this arrived.</summary>
/// <param name="Node">Its id in the cluster.</param>
/// <param name="Id">Comes back in <see cref="NodeReport.Answers"/>.</param>
public sealed record NodeQuestion(string Node, string Id);
