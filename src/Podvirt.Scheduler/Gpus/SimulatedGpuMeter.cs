using System.Globalization;
using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler.Gpus;

/// <summary>
/// Reads the account that simulated engines keep: <c>DIR/&lt;gpu id&gt;/&lt;pid&gt;</c> holds <c>&lt;bytes&gt; &lt;start time&gt;</c>, and
/// <c>DIR/host/&lt;pid&gt;</c> the same of the memory that a real engine would hold in its node.
/// Entries of processes that are gone, or whose pid is another's by now, do not count.
/// </summary>
internal sealed class SimulatedGpuMeter(string directory) : IGpuMeter
{
    private const string Host = "host";

    public Task<long?> MeasureAsync(IReadOnlyList<string> gpuIds, RunningReplica replica, CancellationToken cancellationToken)
    {
        var most = 0L;
        foreach (var gpu in gpuIds)
        {
            most = Math.Max(most, Held(gpu, InSession(replica.Process)));
        }

        return Task.FromResult<long?>(most);
    }

    public Task<IReadOnlyList<long>?> FreeAsync(IReadOnlyList<GpuDevice> gpus, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<long>?>([.. gpus.Select(gpu => gpu.MemoryBytes - Held(gpu.Id, isOurs: null))]);

    public long? MeasureHost(RunningReplica replica) => HeldOfHost(InSession(replica.Process));

    /// <param name="isOurs">Whose processes count, by pid.</param>
    public long HeldOfHost(Func<int, bool> isOurs) => Held(Host, isOurs);

    /// <param name="isOurs">Whose processes count, by pid; null: everybody's.</param>
    public long Held(string gpu, Func<int, bool>? isOurs)
    {
        var folder = Path.Combine(directory, gpu);
        if (!Directory.Exists(folder))
        {
            return 0;
        }

        var sum = 0L;
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            if (int.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && ProcFs.ReadStat(pid) is { State: not ('Z' or 'X') } stat && (isOurs is null || isOurs(pid))
                && TryRead(file, out var bytes, out var startTime) && startTime == stat.StartTime)
            {
                sum += bytes;
            }
        }

        return sum;
    }

    private static Func<int, bool> InSession(int session) => pid => ProcFs.ReadStat(pid)?.Session == session;

    private static bool TryRead(string file, out long bytes, out long startTime)
    {
        bytes = 0;
        startTime = 0;
        string[] parts;
        try
        {
            parts = File.ReadAllText(file).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        }
        catch (FileNotFoundException)
        {
            // The engine gave it back between the listing and this read.
            return false;
        }

        return parts.Length >= 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out bytes)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out startTime);
    }
}
