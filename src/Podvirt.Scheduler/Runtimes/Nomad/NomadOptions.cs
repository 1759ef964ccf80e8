namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>Who chooses the gpus of a replica.</summary>
public enum NomadPlacement
{
    /// <summary>
    /// Podvirt's memory ledger: several sleepers and one active model live on one gpu. Nomad takes these gpus for free, so that the
    /// nodes have to be in a pool of their own.
    /// </summary>
    Shared,

    /// <summary>Nomad: each replica claims whole devices, asleep or not.</summary>
    Exclusive,
}

/// <summary>How an engine becomes a process on its node.</summary>
public enum NomadDriver
{
    /// <summary>A container of <see cref="NomadOptions.Image"/>.</summary>
    Docker,

    /// <summary>A bare process: the engine is installed on the nodes.</summary>
    RawExec,
}

/// <summary>Where the key of an engine stands, which only its gateways may know.</summary>
public enum NomadEngineKey
{
    /// <summary>In its job: whoever may read jobs can read it.</summary>
    Environment,

    /// <summary>In a variable of Nomad's, which only the job's own task and the scheduler's token read.</summary>
    Variable,
}

/// <summary>Engines as Nomad jobs, one for each replica.</summary>
public sealed class NomadOptions
{
    /// <summary>Of any Nomad agent, <c>http</c> or <c>https</c>. Default <c>http://127.0.0.1:4646</c>.</summary>
    public Uri Address { get; set; } = new("http://127.0.0.1:4646");

    /// <summary>The ACL token; null: the cluster asks for none.</summary>
    public string? Token { get; set; }

    /// <summary>Of the jobs. Default <c>default</c>.</summary>
    public string Namespace { get; set; } = "default";

    /// <summary>Of the jobs. Default <c>global</c>.</summary>
    public string Region { get; set; } = "global";

    /// <summary>Where engines may run. Default <c>*</c>: everywhere.</summary>
    public IReadOnlyList<string> Datacenters { get; set; } = ["*"];

    /// <summary>Where engines may run; with <see cref="NomadPlacement.Shared"/> one in which nothing else uses gpus. Default <c>default</c>.</summary>
    public string NodePool { get; set; } = "default";

    public NomadPlacement Placement { get; set; } = NomadPlacement.Shared;

    public NomadDriver Driver { get; set; } = NomadDriver.Docker;

    /// <summary>Default <see cref="NomadEngineKey.Environment"/>; a variable needs a token that may write it.</summary>
    public NomadEngineKey EngineKey { get; set; } = NomadEngineKey.Environment;

    /// <summary>With <see cref="NomadDriver.Docker"/>: pinned by tag or digest.</summary>
    public string Image { get; set; } = "";

    /// <summary>A job file of one's own in place of the built-in one; null: that.</summary>
    public string? Template { get; set; }

    /// <summary>Job ids are <c>&lt;prefix&gt;-&lt;replica&gt;</c>; two Podvirts on one Nomad need two. Default <c>podvirt</c>.</summary>
    public string JobPrefix { get; set; } = "podvirt";

    /// <summary>PEM of the authority that signed Nomad's certificate; null: the machine's own trust.</summary>
    public string? CaFile { get; set; }

    /// <summary>PEM of the client certificate, with <see cref="KeyFile"/>.</summary>
    public string? CertFile { get; set; }

    public string? KeyFile { get; set; }

    /// <summary>The name in Nomad's certificate, for example <c>server.global.nomad</c>; null: the host of <see cref="Address"/>.</summary>
    public string? TlsServerName { get; set; }

    /// <summary>Connections to the agent at most. Default 16: an agent takes 100 of one address, and answers 429 beyond.</summary>
    public int ConnectionsMax { get; set; } = 16;

    /// <summary>One question, blocking ones apart. Default 10 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a question is asked that Nomad was too busy for. Default 5, within some three seconds.</summary>
    public int Attempts { get; set; } = 5;

    /// <summary>A blocking question waits this long at most. Default 30 s; above 60 s a missed wake-up would cost too much.</summary>
    public TimeSpan WaitMax { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often all of Podvirt's allocations are listed beside their events, which may have gaps. Default 30 s.</summary>
    public TimeSpan ListInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a job may wait for others to free what it needs. Default 30 s: then the start fails, and says what is missing.</summary>
    public TimeSpan PlacementTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Megahertz of each engine, for Nomad's own books. Default 1000.</summary>
    public int CpuMhz { get; set; } = 1000;

    /// <summary>
    /// Host memory of each engine in bytes, beside its gpu memory, which a level-1 sleeper holds in host memory. Default 8 GiB; 256 MiB
    /// are enough for simulated ones, which hold nothing.
    /// </summary>
    public long EngineMemoryBytes { get; set; } = 8L << 30;

    /// <summary>The simulated gpus' account on the nodes: an absolute folder. Null: <c>gpus</c> in the scheduler's data folder.</summary>
    public string? SimulatedGpuDirectory { get; set; }

    /// <summary>What is wrong, each with its key; empty where nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        void Check(bool isRight, string problem)
        {
            if (!isRight)
            {
                problems.Add(problem);
            }
        }

        Check(Address.IsAbsoluteUri && Address.Scheme is "http" or "https", $"nomad.address: '{Address}' has to be an http or https address");
        Check(Namespace.Length > 0, "nomad.namespace: is empty");
        Check(Region.Length > 0, "nomad.region: is empty");
        Check(Datacenters.Count > 0, "nomad.datacenters: is empty; '*' means all");
        Check(NodePool.Length > 0, "nomad.node_pool: is empty");
        Check(Driver != NomadDriver.Docker || Image.Length > 0 || Template is not null, "nomad.image: the docker driver needs one, for example vllm/vllm-openai:v0.17.0");
        Check(Template is null || File.Exists(Template), $"nomad.template: there is no file '{Template}'");
        Check(JobPrefix.Length > 0 && JobPrefix.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'), $"nomad.job_prefix: '{JobPrefix}' has to be letters, digits, '-' and '_'");
        Check(CaFile is null || File.Exists(CaFile), $"nomad.ca_file: there is no file '{CaFile}'");
        Check((CertFile is null) == (KeyFile is null), "nomad.cert_file and nomad.key_file: either both or none");
        Check(CertFile is null || File.Exists(CertFile), $"nomad.cert_file: there is no file '{CertFile}'");
        Check(KeyFile is null || File.Exists(KeyFile), $"nomad.key_file: there is no file '{KeyFile}'");
        Check(ConnectionsMax is >= 4 and <= 100, $"nomad.connections: {ConnectionsMax} is not between 4 and 100");
        Check(Attempts is >= 1 and <= 20, $"nomad.attempts: {Attempts} is not between 1 and 20");
        Check(WaitMax > TimeSpan.Zero && WaitMax <= TimeSpan.FromSeconds(60), "nomad.wait: has to be above 0 and at most 60s");
        Check(RequestTimeout > TimeSpan.Zero, "nomad.request_timeout: has to be above 0");
        Check(ListInterval > TimeSpan.Zero, "nomad.list_interval: has to be above 0");
        Check(PlacementTimeout > TimeSpan.Zero, "nomad.placement_timeout: has to be above 0");
        Check(CpuMhz > 0, "nomad.cpu: has to be above 0");
        Check(EngineMemoryBytes >= 64L << 20, "nomad.engine_memory: has to be at least 64MiB");
        Check(SimulatedGpuDirectory is null || Path.IsPathFullyQualified(SimulatedGpuDirectory), "nomad.simulated_gpus: has to be an absolute path");
        return problems;
    }
}
