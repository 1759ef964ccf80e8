namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>One replica's job and its allocation.</summary>
/// <param name="allocation">The one that Podvirt asked for: another one of the job is a move behind its back.</param>
internal sealed class NomadReplica(RunningReplica running, string job, string allocation, string logPath)
{
    private int _isReported;

    public RunningReplica Running => running;

    public string Job => job;

    public string Allocation => allocation;

    /// <summary>Where its log is kept for people, after the job is gone.</summary>
    public string LogPath => logPath;

    /// <summary>Somebody asked for its end: that it ends is no news.</summary>
    public bool IsStopping { get; set; }

    /// <summary>It has ended, by itself or by Nomad's doing.</summary>
    public bool IsOver => Volatile.Read(ref _isReported) != 0;

    /// <summary>How far its log has been kept; one reader at a time.</summary>
    public LogPosition Kept { get; set; }

    public SemaphoreSlim LogGate { get; } = new(1, 1);

    public long LogReadAt { get; set; }

    /// <summary>True the first time.</summary>
    public bool TryReport() => Interlocked.Exchange(ref _isReported, 1) == 0;
}
