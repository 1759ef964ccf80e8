namespace Podvirt.Testing.Nomad;

/// <summary>What the double is made of. Everything has a default: one node without gpus, no ACL, the namespace <c>default</c>.</summary>
public sealed class NomadDoubleOptions
{
    /// <summary>The machines. All run their tasks on this one.</summary>
    public IReadOnlyList<NomadDoubleNode> Nodes { get; init; } = [new NomadDoubleNode("node-1")];

    /// <summary>ACL token that every call must carry; null: ACLs are off.</summary>
    public string? Token { get; init; }

    public IReadOnlyList<string> Namespaces { get; init; } = ["default"];

    /// <summary>For docker tasks: what runs in an image's stead, by the image's full name. Command and first arguments; the task's own follow.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Images { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>For <c>exec</c> and <c>raw_exec</c>: what runs in a command's stead, by the command as the job has it. Others run as they are.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Commands { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Older agents lack it: 404.</summary>
    public bool EventStream { get; init; } = true;

    /// <summary>Chunked, or a body that ends with the connection as agents since 2.0 send.</summary>
    public bool EventStreamChunked { get; init; } = true;

    /// <summary>Between <c>{}</c> lines of an idle event stream.</summary>
    public TimeSpan EventHeartbeat { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Open connections per address; one more is answered 429 and closed. 0: no limit.</summary>
    public int ConnectionsMax { get; init; } = 100;

    /// <summary>0: a free one.</summary>
    public int Port { get; init; }
}

/// <param name="Gpus">Its device groups.</param>
public sealed record NomadDoubleNode(string Name, params IReadOnlyList<NomadDoubleGpus> Gpus)
{
    public string Id { get; init; } = Guid.NewGuid().ToString();

    public string Datacenter { get; init; } = "dc1";

    public string NodePool { get; init; } = "default";

    public string NodeClass { get; init; } = "";

    public int CpuMhz { get; init; } = 32_000;

    public int MemoryMiB { get; init; } = 256 * 1024;

    /// <summary>Where its tasks listen.</summary>
    public string HostIp { get; init; } = "127.0.0.1";

    /// <summary>Beside <c>kernel.name</c>, <c>cpu.arch</c>, <c>unique.hostname</c> and the drivers' own.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Meta { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Drivers { get; init; } = ["docker", "exec", "raw_exec"];

    /// <summary>Names of host volumes.</summary>
    public IReadOnlyList<string> HostVolumes { get; init; } = [];
}

/// <summary>Devices of one vendor, type and name, as a device plugin groups them.</summary>
/// <param name="Ids">UUIDs: <c>GPU-…</c>.</param>
public sealed record NomadDoubleGpus(string Name, long MemoryMiB, params IReadOnlyList<string> Ids)
{
    public string Vendor { get; init; } = "nvidia";

    public string Type { get; init; } = "gpu";

    /// <summary>As many as wanted, with made up UUIDs.</summary>
    public static NomadDoubleGpus Of(int count, string name, long memoryMiB) =>
        new(name, memoryMiB, [.. Enumerable.Range(0, count).Select(static _ => $"GPU-{Guid.NewGuid()}")]);
}
