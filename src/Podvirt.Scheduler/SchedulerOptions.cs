using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Runtimes.Nomad;

namespace Podvirt.Scheduler;

/// <summary>How the scheduler works. The defaults suit one box with its engines on loopback.</summary>
public sealed class SchedulerOptions
{
    /// <summary>Folder for replica logs, pid files and the simulated gpus' account. Default <c>./data</c>.</summary>
    public string DataPath { get; set; } = "data";

    /// <summary>
    /// Several schedulers stand by for each other: one leads, by a lease, and replicas go on when it ends. Default false: this
    /// process is alone, leads from its start, and its replicas end with it.
    /// </summary>
    public bool ElectsLeader { get; set; }

    /// <summary>
    /// How long an operator's order waits for a leader to answer it, where several schedulers stand by for each other. Default 15 s: a lead
    /// that changes hands at that moment takes less than two lease periods of 6 s.
    /// </summary>
    public TimeSpan OrderTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The gpus of this node; null: ask <c>nvidia-smi</c> at start (none where it is absent).</summary>
    public IReadOnlyList<GpuDevice>? Gpus { get; set; }

    /// <summary>Engines as Nomad jobs on the cluster's nodes; null, the default: as child processes of this one.</summary>
    public NomadOptions? Nomad { get; set; }

    /// <summary>
    /// The simulated engine: an executable, or a <c>.dll</c> run by <c>dotnet</c>. Null: <c>Podvirt.Simulator</c> beside the
    /// running assemblies.
    /// </summary>
    public string? SimulatorPath { get; set; }

    /// <summary>The command that starts vLLM. Default <c>vllm</c>, found by PATH.</summary>
    public string VllmCommand { get; set; } = "vllm";

    /// <summary>How deep idle engines sleep: 1 keeps the weights in host memory and wakes in seconds, 2 reloads them. Default 1.</summary>
    public int SleepLevel { get; set; } = 1;

    /// <summary>
    /// Host memory in bytes that level-1 sleepers may hold on each node. Where a sleep would exceed it, sleepers of less worth
    /// give way, or it is a level-2 sleep, or a stop. Null, the default: three quarters of the node's memory for real engines, and
    /// no limit for simulated ones, which only account for what they would hold.
    /// </summary>
    public long? HostMemoryBytes { get; set; }

    /// <summary>
    /// Where a replica goes when several gpus have room. Default <see cref="PlacementOrder.Pack"/>: large holes stay for large
    /// models.
    /// </summary>
    public PlacementOrder PlacementOrder { get; set; } = PlacementOrder.Pack;

    /// <summary>
    /// Seconds of waiting that are as bad as a second of holding a whole gpu, for models with <c>idle: auto</c>. Default 0.02: an
    /// hour of a waiting person costs some ten hours of a gpu, and most memory that one lets go nobody else has a use for at
    /// once. Lower keeps models longer.
    /// </summary>
    public double MemoryPrice { get; set; } = 0.02;

    /// <summary>
    /// Starts models shortly before the time of day at which they were used on most of the last days, where memory is free.
    /// Default off: it spends memory on guesses.
    /// </summary>
    public bool PrewarmByTimeOfDay { get; set; }

    /// <summary>
    /// One of several replicas leaves when the others' slots would be filled to at most this share. Default 0.75: the rest is
    /// for the next wave, so that it does not come back at once.
    /// </summary>
    public double ScaleInShare { get; set; } = 0.75;

    /// <summary>… and when that has been so for this long. Default 60 s: as long as a start takes.</summary>
    public TimeSpan ScaleInAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>A gateway silent for this long is gone. Default 5 s: five of its one-second reports.</summary>
    public TimeSpan GatewayLease { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the routes are repeated without a change. Default 2 s: what a lost message may cost.</summary>
    public TimeSpan PublishInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often time-dependent decisions are looked at. Default 100 ms: idle times are met that closely.</summary>
    public TimeSpan TickInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>An idle replica that does not drain in this time goes back to serving. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A replica that others wait for, or that is outdated, is stopped after this time even with requests in flight.
    /// Default 5 min: longer than nearly every answer.
    /// </summary>
    public TimeSpan DrainHardTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A replica that is outdated, or that an operator stops, is stopped after this time even with unfinished video jobs, which are
    /// lost then. Default 30 min: engines themselves give a video ten, and a few may be queued.
    /// </summary>
    public TimeSpan JobDrainTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>
    /// A request that has waited this long may have a busy replica of another model drained. Default 30 s: a swap costs
    /// seconds, so that a shorter limit would spend the gpu's time on swapping.
    /// </summary>
    public TimeSpan FairnessLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A replica serves at least this long before it gives way to another model. Default 5 s: two models that take turns on
    /// one gpu would otherwise spend its time on swapping.
    /// </summary>
    public TimeSpan ResidencyMin { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The first wait after a failed start; doubles with each further one. Default 1 s.</summary>
    public TimeSpan BackoffMin { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait after failed starts. Default 60 s: an operator's fix is picked up within a minute.</summary>
    public TimeSpan BackoffMax { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Deaths in a row, without a completed <see cref="StableAfter"/>, that make a model Failed. Default 3.</summary>
    public int CrashesMax { get; set; } = 3;

    /// <summary>
    /// Requests in a row that a replica fails, with none completed between, that make its model Failed: it answers its health
    /// check and serves nobody. Requests refused for what they ask do not count. Default 5.
    /// </summary>
    public int ErrorsMax { get; set; } = 5;

    /// <summary>Serving this long clears the count of deaths. Default 60 s.</summary>
    public TimeSpan StableAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a serving replica's health is asked for. Default 1 s.</summary>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Failed probes in a row that count as dead. Default 3.</summary>
    public int ProbeFailuresMax { get; set; } = 3;

    /// <summary>How often an engine that runs elsewhere is asked. Default 5 s.</summary>
    public TimeSpan ExternalProbeInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// One health probe. Default 5 s: a health check does no work, but an engine that is busy with a long prompt, on a
    /// machine that is busy as well, may be seconds late; stopping it would cut every answer that it is giving.
    /// </summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many times the longest of a model's earlier starts a phase (download, weights, compile, graphs) may take before the start counts as
    /// failed; never more than the engine's start time-out. Default 4: a cold page cache costs that much.
    /// </summary>
    public double PhaseTimeoutFactor { get; set; } = 4;

    /// <summary>The least that a phase is allowed, however short it was before. Default 60 s.</summary>
    public TimeSpan PhaseTimeoutMin { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A download during a start that writes nothing to the engine's log for this long has stalled, and the start counts as failed. Default
    /// 10 min: downloaders write a progress bar every few seconds, and one that is told to write none still finishes most models.
    /// </summary>
    public TimeSpan DownloadSilence { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// A whole download, however lively: it counts to this and not to the engine's start time-out. Default 6 h: 1 TB at 50 MB/s.
    /// </summary>
    public TimeSpan DownloadTimeout { get; set; } = TimeSpan.FromHours(6);

    /// <summary>The one-token request before Active. Default 60 s: the first inference of a fresh engine may still compile.</summary>
    public TimeSpan CanaryTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// What an engine of an earlier run gets to prove that it serves, or sleeps: health, sleep state, memory and one token. Default
    /// 15 s: one that serves needs less than one, one that is just falling asleep some seconds. Only its own model and gpus wait.
    /// </summary>
    public TimeSpan AdoptionTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The engine's part of falling asleep. Default 60 s: copying 40 GiB takes 3 to 6 s, large models more.</summary>
    public TimeSpan SleepTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the gpus may take to show the memory as free after sleep. Default 10 s.</summary>
    public TimeSpan MemoryReturnTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The engine's part of waking. Default 2 min: level 2 reads the weights again.</summary>
    public TimeSpan WakeTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>What SIGTERM gets before SIGKILL. Default 10 s.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A replica's log is cut to its tail above this size. Default 8 MiB.</summary>
    public long LogBytesMax { get; set; } = 8L << 20;

    /// <summary>Logs kept per model, the newest. Default 5.</summary>
    public int LogsPerModel { get; set; } = 5;

    /// <summary>
    /// What a sleeping engine is assumed to hold on each gpu, in bytes, before it was measured. Default 1.4 GiB: published
    /// measurements say 1.2 to 1.4.
    /// </summary>
    public long AssumedResidueBytes { get; set; } = (long)(1.4 * (1L << 30));
}
