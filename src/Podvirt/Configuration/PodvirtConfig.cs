using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Core.Projects;
using Podvirt.Gateway.Videos;
using Podvirt.Metering.Invoices;

namespace Podvirt.Configuration;

/// <summary>What <c>podvirt.yaml</c> says, checked.</summary>
internal sealed record PodvirtConfig
{
    /// <summary>Where people reach this server; null: the address it listens on. Used for the console links that are printed.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Origins whose pages may call <c>/v1</c> from a browser; <c>*</c> for all. Default: none.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>Revision 1 throughout: the catalog gives the real one.</summary>
    public IReadOnlyList<ModelSpec> Models { get; init; } = [];

    public IReadOnlyList<Plan> Plans { get; init; } = [];

    public GpuSource Gpus { get; init; } = GpuSource.Auto;

    public Limits Limits { get; init; } = new();

    public GatewaySettings Gateway { get; init; } = new();

    /// <summary>Of video jobs; the folder is the data folder's.</summary>
    public VideoOptions Videos { get; init; } = new();

    public MeteringSettings Metering { get; init; } = new();

    /// <summary>Who stands on the invoices.</summary>
    public BillingParties Billing { get; init; } = BillingParties.None;

    public SchedulerSettings Scheduler { get; init; } = new();

    public ConsoleSettings Console { get; init; } = new();

    /// <summary>What the processes of a cluster share; null: this is one process, for itself.</summary>
    public ClusterSettings? Cluster { get; init; }

    /// <summary>What is allowed but probably not meant.</summary>
    public IReadOnlyList<ConfigError> Warnings { get; init; } = [];
}

/// <summary>Where the gpus are taken from.</summary>
/// <param name="Devices">Exactly these; null: what the machine has.</param>
internal sealed record GpuSource(IReadOnlyList<GpuDevice>? Devices)
{
    public static GpuSource Auto { get; } = new((IReadOnlyList<GpuDevice>?)null);
}

/// <summary>How much is held, and for how long.</summary>
internal sealed record Limits
{
    /// <summary>Bytes of one request's body. 32 MiB: a chat with a few inlined pictures. 1 KiB to 1 GiB.</summary>
    public long MaxBodyBytes { get; init; } = 32L << 20;

    /// <summary>Parked requests of one model. 10,000: more than that wait longer than clients do. 0 to 1,000,000.</summary>
    public int ParkedRequests { get; init; } = 10_000;

    /// <summary>Bytes of the parked bodies of one model. 256 MiB: what parking may cost in memory. 0 B to 64 GiB.</summary>
    public long ParkedBytes { get; init; } = 256L << 20;

    /// <summary>Longest parking. Ten minutes: as long as a large model's start may take. 1 s to 24 h.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long running answers may go on after a stop was asked for. 30 s: what supervisors commonly grant. 0 s to 1 h.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Prompt tokens that are reserved for one request at most. 1 to 1,000,000.</summary>
    public int ReservePrompt { get; init; } = 16_384;

    /// <summary>Generated tokens that are reserved for each choice at most. 1 to 1,000,000.</summary>
    public int ReserveCompletion { get; init; } = 1024;
}

/// <summary>How the data path treats engines and clients.</summary>
internal sealed record GatewaySettings
{
    /// <summary>How long a streaming client waits before its 200 and the first comment. 0 s to 1 min.</summary>
    public TimeSpan CommentGrace { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two comments. 100 ms to 5 min: proxies cut what is silent for longer.</summary>
    public TimeSpan CommentInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a connection to an engine may take. 10 ms to 1 min.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an engine may take from a request to the head of its answer. 1 s to 24 h.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an idle connection to an engine is kept. 1 s to 1 h.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a replica gets nothing new after trouble with it. 0 s to 5 min.</summary>
    public TimeSpan Suspension { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Replicas tried for one request. 1 to 10.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>How many times the average load a replica may have before its sessions move. 1 to 100.</summary>
    public decimal AffinityBound { get; init; } = 1.25m;

    /// <summary>Bytes a second that a client must take or send while it is waited for. 1 B to 1 GiB.</summary>
    public int ClientRate { get; init; } = 1024;

    /// <summary>How long a client may move nothing, and how far it may fall behind the rate. 2 s to 1 h.</summary>
    public TimeSpan ClientGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take for the head of a request. 1 s to 10 min.</summary>
    public TimeSpan ClientHeadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection without a request is kept. 1 s to 1 h. 130 s: longer than common proxies keep theirs, who then close first.</summary>
    public TimeSpan ClientIdleTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>Threads on which the executable takes requests and relays tokens. 1 to 64; half of the processors unless given.</summary>
    public int IoThreads { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    public int KeptResponses { get; init; } = 100_000;

    public TimeSpan KeptResponseTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>In a cluster: how long a request waits for more of a shared limit before it is refused. 0 s to 10 s.</summary>
    public TimeSpan ChunkWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Where the executable also listens for HTTP/2 without TLS; null: nowhere.</summary>
    public Uri? ListenH2c { get; init; }
}
