using System.Globalization;
using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler.Gpus;

/// <summary>The memory of the machines themselves, where level-1 sleepers keep their weights.</summary>
internal static class HostMemory
{
    private const long KiB = 1L << 10;

    /// <summary>
    /// What sleepers may hold on each node: what was configured, or three quarters of what the node has. Nodes with simulated gpus
    /// alone have no limit unless one is configured, because simulated engines only account for what they would hold. Where
    /// nobody says how much a node has, sleepers get none of it.
    /// </summary>
    /// <param name="gpus">The fleet.</param>
    /// <param name="configured">For each node, in bytes; null: not configured.</param>
    /// <param name="totalOf">What a node has, in bytes; 0: nobody knows.</param>
    public static IReadOnlyDictionary<string, long> Limits(
        IReadOnlyList<GpuDevice> gpus, long? configured, Func<string, long> totalOf) => gpus
        .Where(gpu => !gpu.Simulated || configured is not null).Select(gpu => gpu.Node).Distinct(StringComparer.Ordinal)
        .ToDictionary(node => node, node => configured ?? totalOf(node) / 4 * 3, StringComparer.Ordinal);

    /// <summary>
    /// What the processes of a session hold of their own, in bytes: anonymous, shared and huge pages. Pinned memory, in which
    /// engines keep their weights, is among these; files that they have mapped are not. Pages that several of them
    /// share count for each, which is why only differences of this figure are used. Null when there is no such process.
    /// </summary>
    /// <param name="session">The session id, which is its first process's pid.</param>
    public static long? OfSession(int session)
    {
        long? sum = null;
        foreach (var pid in ProcFs.Pids())
        {
            if (ProcFs.ReadStat(pid)?.Session == session && ProcFs.ReadStatus(pid) is { } status)
            {
                sum = (sum ?? 0) + ParseStatus(status);
            }
        }

        return sum;
    }

    /// <summary>The same of the processes that are named.</summary>
    public static long? OfProcesses(IEnumerable<int> pids)
    {
        long? sum = null;
        foreach (var pid in pids)
        {
            if (ProcFs.ReadStatus(pid) is { } status)
            {
                sum = (sum ?? 0) + ParseStatus(status);
            }
        }

        return sum;
    }

    /// <summary>All of this machine's memory, or what its container may use of it, and what is free of that, in bytes.</summary>
    public static (long Total, long Free) OfMachine()
    {
        var memory = GC.GetGCMemoryInfo();
        return (memory.TotalAvailableMemoryBytes, Math.Max(0, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes));
    }

    /// <param name="text">Of <c>/proc/&lt;pid&gt;/status</c>.</param>
    internal static long ParseStatus(string text)
    {
        var sum = 0L;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var colon = line.IndexOf(':');
            if (colon >= 0 && line[..colon] is "RssAnon" or "RssShmem" or "HugetlbPages" or "VmSwap"
                && long.TryParse(line[(colon + 1)..].Trim().TrimEnd(" kB"), NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes))
            {
                sum += kibibytes * KiB;
            }
        }

        return sum;
    }
}
