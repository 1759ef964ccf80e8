namespace Podvirt.Gateway;

/// <summary>Limits and times of the data path.</summary>
public sealed class GatewayOptions
{
    /// <summary>Largest request body in bytes. Default 32 MiB: a long conversation with a few images.</summary>
    public long BodyBytesMax { get; set; } = 32 * 1024 * 1024;

    /// <summary>Parked requests of one model. Default 10,000; a further one is answered 429.</summary>
    public int ParkedRequestsMax { get; set; } = 10_000;

    /// <summary>Bytes of all parked bodies of one model. Default 256 MiB; a further one is answered 429.</summary>
    public long ParkedBytesMax { get; set; } = 256 * 1024 * 1024;

    /// <summary>Longest wait for a replica. Default 10 minutes, as long as the largest models take to start.</summary>
    public TimeSpan ParkedTimeMax { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How long a streaming client waits before the 200 goes out and comments begin. Default 500 ms: shorter starts keep
    /// a real status for early failures, longer silence looks like an outage.
    /// </summary>
    public TimeSpan CommentGrace { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two comments. Default 1 s: well under the idle time-outs of common proxies.</summary>
    public TimeSpan CommentInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long an engine may take from the request to its response head. Default 10 minutes: a plain reply's head comes
    /// only when all of it has been generated.
    /// </summary>
    public TimeSpan HeadTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a connection to an engine may take. Default 5 s: engines are on the same host or network.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long an idle connection to an engine is kept. Default 1 minute: firewalls forget silent connections after some
    /// minutes and tell nobody.
    /// </summary>
    public TimeSpan IdleConnectionTimeMax { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a replica gets nothing new from this gateway after trouble with it. Default 2 s: by then the scheduler
    /// has probed it and said what is so.
    /// </summary>
    public TimeSpan ReplicaSuspension { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Replicas tried for one request before the first byte of an answer. Default 3.</summary>
    public int AttemptsMax { get; set; } = 3;

    /// <summary>How far above the average load one replica may go before its sessions move. Default 1.25.</summary>
    public double AffinityBound { get; set; } = 1.25;

    /// <summary>
    /// Bytes a second that a client has to take of its answer, or send of its body, while the gateway waits for it.
    /// Default 1 KiB: a model at five tokens a second sends as much.
    /// </summary>
    public int ClientRateMin { get; set; } = 1024;

    /// <summary>
    /// How long a client may move nothing at all, and how far it may fall behind that rate, before it is given up.
    /// Default 30 s: a phone that changes networks is back by then.
    /// </summary>
    public TimeSpan ClientGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Event loops where the gateway has its own (<see cref="Transport.TransportServices.AddPodvirtEventLoops"/>), one thread each.
    /// Default half of the processors: one relays some tens of thousands of tokens a second, and what else runs here needs the rest.
    /// </summary>
    public int IoThreads { get; set; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>
    /// How often the counts of running streams are written down. Default half a second: a kill costs at most what was counted
    /// since, and that is promised to be at most a second.
    /// </summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Prompt tokens that are reserved for one request at most. Default 16,384: what a longer one uses is settled when it is known, and
    /// a picture's bytes are no tokens.
    /// </summary>
    public int ReservedPromptMax { get; set; } = 16_384;

    /// <summary>
    /// Generated tokens that are reserved for each choice of a request that says no <c>max_tokens</c>, and at most for one that does.
    /// Default 1,024: most answers are shorter.
    /// </summary>
    public int ReservedCompletionMax { get; set; } = 1024;

    /// <summary>How long a plain reply to a call with an <c>Idempotency-Key</c> is kept for its retries. Default a day.</summary>
    public TimeSpan IdempotencyTime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// How long such a call waits while another with its key runs. Default 10 minutes: as long as the other may take for its
    /// answer. SDKs give up by themselves before.
    /// </summary>
    public TimeSpan IdempotencyWait { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How many replies several gateways share at most, for retries that come to another one. Default 10,000; the oldest give way.</summary>
    public int SharedRepliesMax { get; set; } = 10_000;

    /// <summary>Bytes of them. Default 64 MiB.</summary>
    public long SharedReplyBytesMax { get; set; } = 64L << 20;

    /// <summary>How long it is remembered which replica has a stored response. Default a day: conversations are gone on with within one.</summary>
    public TimeSpan KeptResponseTime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Of how many responses that is remembered at most. Default 100,000, some 30 MB; the oldest give way.</summary>
    public int KeptResponsesMax { get; set; } = 100_000;

    /// <summary>How long running requests may go on when the host stops. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Other gateways serve the same models from the same state store: slots and limits are divided between them. Default no: all of them
    /// are this gateway's, and nothing is settled with anybody.
    /// </summary>
    public bool HasPeers { get; set; }

    /// <summary>
    /// How long a request waits for more of a shared limit, once this gateway's chunk of it is used up, before it is answered 429. Default
    /// 500 ms: far longer than a state store that answers, and shorter than a client's patience.
    /// </summary>
    public TimeSpan ChunkWaitMax { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Of video jobs and their files.</summary>
    public Videos.VideoOptions Videos { get; set; } = new();
}
