using System.Diagnostics;

namespace Podvirt.LocalCluster.Chaos;

internal enum AbsenceKind
{
    Killed,
    Stopped,
    Paused,
}

/// <summary>A time in which a process could not answer, by the machine's monotonic clock.</summary>
internal sealed record Absence(string Process, AbsenceKind Kind, long From)
{
    public long To { get; set; } = long.MaxValue;

    public bool Overlaps(long from, long to) => From <= to && from <= To;
}

/// <summary>When which process was away by our own doing.</summary>
internal sealed class Absences
{
    private readonly Lock _gate = new();
    private readonly List<Absence> _all = [];

    public Absence Begin(string process, AbsenceKind kind)
    {
        var absence = new Absence(process, kind, Stopwatch.GetTimestamp());
        lock (_gate)
        {
            _all.Add(absence);
        }
        return absence;
    }

    public IReadOnlyList<Absence> Of(string process, long from, long to)
    {
        lock (_gate)
        {
            return [.. _all.Where(a => a.Process == process && a.Overlaps(from, to))];
        }
    }
}
