using System.Globalization;
using System.Text;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <param name="Group">Process group.</param>
/// <param name="StartTime">Field 22: clock ticks since boot. With the pid it names one process for good.</param>
internal readonly record struct ProcStat(int Pid, char State, int Group, int Session, long StartTime);

/// <summary>What <c>/proc</c> tells of processes.</summary>
internal static class ProcFs
{
    /// <summary>Null when there is no such process.</summary>
    public static ProcStat? ReadStat(int pid) => Read(pid, "stat") is { } text ? ParseStat(pid, text) : null;

    /// <summary>Null when there is no such process.</summary>
    public static string? ReadStatus(int pid) => Read(pid, "status");

    /// <summary>The command's name, in parentheses, may itself hold spaces and parentheses: fields count from the last one.</summary>
    internal static ProcStat? ParseStat(int pid, string text)
    {
        var close = text.LastIndexOf(')');
        var fields = close < 0 ? [] : text[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 20
            || !int.TryParse(fields[2], CultureInfo.InvariantCulture, out var group)
            || !int.TryParse(fields[3], CultureInfo.InvariantCulture, out var session)
            || !long.TryParse(fields[19], CultureInfo.InvariantCulture, out var startTime))
        {
            return null;
        }

        return new ProcStat(pid, fields[0][0], group, session, startTime);
    }

    /// <summary>True when the process was started with this variable at this value; false where that cannot be read.</summary>
    public static bool HasEnvironment(int pid, string name, string value)
    {
        byte[] block;
        try
        {
            block = File.ReadAllBytes($"/proc/{pid}/environ");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone, or another user's: not one of ours.
            return false;
        }

        var wanted = Encoding.UTF8.GetBytes($"{name}={value}");
        var rest = block.AsSpan();
        while (rest.Length > 0)
        {
            var end = rest.IndexOf((byte)0);
            var entry = end < 0 ? rest : rest[..end];
            if (entry.SequenceEqual(wanted))
            {
                return true;
            }

            rest = end < 0 ? [] : rest[(end + 1)..];
        }

        return false;
    }

    /// <summary>A variable's value in the environment that a process was started with; null: it has none, or is gone, or another user's.</summary>
    public static string? ReadEnvironment(int pid, string name)
    {
        if (Read(pid, "environ") is not { } block)
        {
            return null;
        }

        var start = name + "=";
        foreach (var entry in block.Split('\0'))
        {
            if (entry.StartsWith(start, StringComparison.Ordinal))
            {
                return entry[start.Length..];
            }
        }

        return null;
    }

    private static string? Read(int pid, string name)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{name}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static IEnumerable<int> Pids()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                yield return pid;
            }
        }
    }
}
