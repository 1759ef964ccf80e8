using System.Globalization;
using Podvirt.Core.Gpus;
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

    public Task<long?> MeasureAsync(IReadOnlyList<string> gpuIds, int session, CancellationToken cancellationToken)
    {
        var most = 0L;
        foreach (var gpu in gpuIds)
        {
            most = Math.Max(most, Held(gpu, session));
        }

        return Task.FromResult<long?>(most);
    }

    public Task<IReadOnlyList<long>?> FreeAsync(IReadOnlyList<GpuDevice> gpus, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<long>?>([.. gpus.Select(gpu => gpu.MemoryBytes - Held(gpu.Id, session: null))]);

    public long? MeasureHost(int session) => Held(Host, session);

    /// <param name="session">Whose processes count; null: everybody's.</param>
    private long Held(string gpu, int? session)
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
                && ProcFs.ReadStat(pid) is { State: not ('Z' or 'X') } stat && (session is null || stat.Session == session)
                && TryRead(file, out var bytes, out var startTime) && startTime == stat.StartTime)
            {
                sum += bytes;
            }
        }

        return sum;
    }

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
