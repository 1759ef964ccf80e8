using System.Globalization;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Proxies;

/// <summary>What the operating system has on record about a process and its descendants.</summary>
internal static unsafe class ProcessAccount
{
    private const int ScheduledClock = 2;

    /// <summary>User and system time, in nanoseconds, threads that have ended included.</summary>
    public static long CpuOf(int process)
    {
        // The clock of another process, as clock_getcpuclockid(3) makes it: what the scheduler counted, not what the timer sampled.
        var time = default(Libc.TimeSpec);
        _ = SocketFault.Check(Libc.ReadClock((~process << 3) | ScheduledClock, &time), $"clock_gettime of process {process}");
        return (time.Seconds * MonotonicClock.Second) + time.Nanoseconds;
    }

    /// <summary>Bytes of resident memory.</summary>
    public static long ResidentOf(int process) => Field(process, "VmRSS:");

    /// <summary>The most bytes that were resident since the process began, or since <see cref="ForgetPeak"/>.</summary>
    public static long PeakOf(int process) => Field(process, "VmHWM:");

    public static void ForgetPeak(int process) => File.WriteAllText($"/proc/{process}/clear_refs", "5");

    public static IReadOnlyList<int> WithDescendants(int process)
    {
        var parents = Directory.EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0)
            .Select(id => (Id: id, Parent: Stat(id) is [_, var parent, ..] ? int.Parse(parent, CultureInfo.InvariantCulture) : 0))
            .ToLookup(p => p.Parent, p => p.Id);
        var family = new List<int> { process };
        for (var i = 0; i < family.Count; i++)
        {
            family.AddRange(parents[family[i]]);
        }
        return family;
    }

    public static char StateOf(int process) => Stat(process) is [var state, ..] ? state[0] : 'X';

    /// <summary>The fields behind the process's name; empty when it is gone.</summary>
    private static string[] Stat(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static long Field(int process, string name)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
