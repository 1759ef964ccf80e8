namespace Podvirt.Scheduler.Gpus;

/// <summary>Measures what a replica's processes really hold.</summary>
internal interface IGpuMeter
{
    /// <summary>The largest share on any of the gpus, in bytes; null when it cannot be measured.</summary>
    /// <param name="gpuIds">The replica's devices.</param>
    /// <param name="session">The session id of its processes, which is the first one's pid.</param>
    Task<long?> MeasureAsync(IReadOnlyList<string> gpuIds, int session, CancellationToken cancellationToken);
}
