using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Engines;

/// <summary>
/// How long a start may go on. A download is as slow as its line and counts apart: it has a bound of its own, and has stalled when
/// the engine's log is silent for too long. All else of a start together has the engine's start time-out. Pure.
/// </summary>
/// <param name="start">For everything but the download.</param>
/// <param name="download">For the download as a whole.</param>
/// <param name="silence">Within the download, without a word in the log.</param>
internal sealed class StartClock(TimeSpan start, TimeSpan download, TimeSpan silence)
{
    private TimeSpan _now;
    private TimeSpan _downloading;
    private TimeSpan _silent;

    /// <summary>Time has passed in a phase. Null: it may go on; otherwise why it may not.</summary>
    /// <param name="phase">In which it passed.</param>
    /// <param name="elapsed">Since the start began.</param>
    /// <param name="hasWritten">The log grew in that time.</param>
    public string? Pass(string phase, TimeSpan elapsed, bool hasWritten)
    {
        var passed = elapsed - _now;
        _now = elapsed;
        var isDownload = phase == WarmUpPhases.Download;
        _downloading += isDownload ? passed : TimeSpan.Zero;
        _silent = isDownload && !hasWritten ? _silent + passed : TimeSpan.Zero;
        return isDownload && _downloading >= download ? $"the download took longer than {download.TotalSeconds:0} s"
            : isDownload && _silent >= silence ? $"the download stalled: the engine's log has been silent for {_silent.TotalSeconds:0} s"
            : _now - _downloading >= start ? $"not ready after {start.TotalSeconds:0} s, in phase '{phase}'"
            : null;
    }
}
