using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler.Gpus;

/// <summary>Real devices, as <c>nvidia-smi</c> sees them.</summary>
/// <param name="command">The program, and what stands before its arguments.</param>
/// <param name="answerTimeout">What a question may take. A driver in trouble answers late or never.</param>
internal sealed class NvidiaSmi(ILogger log, TimeProvider time, IReadOnlyList<string> command, TimeSpan answerTimeout) : IGpuMeter
{
    private const long MiB = 1L << 20;

    private const int NoSuchFile = 2;

    /// <summary>As drivers install it; the first call after boot takes seconds.</summary>
    public NvidiaSmi(ILogger log, TimeProvider time)
        : this(log, time, ["nvidia-smi"], TimeSpan.FromSeconds(20))
    {
    }

    /// <summary>Every device of this machine that a replica can be placed on; empty where there is no driver.</summary>
    public async Task<IReadOnlyList<GpuDevice>> ListAsync(CancellationToken cancellationToken)
    {
        var output = await RunAsync("--query-gpu=uuid,index,name,memory.total,mig.mode.current", cancellationToken);
        if (output is null)
        {
            return [];
        }

        var devices = ParseDevices(output, Environment.MachineName, out var problems);
        foreach (var problem in problems)
        {
            SchedulerLog.NvidiaSmi(log, problem);
        }

        return devices;
    }

    public async Task<long?> MeasureAsync(IReadOnlyList<string> gpuIds, RunningReplica replica, CancellationToken cancellationToken)
    {
        var output = await RunAsync("--query-compute-apps=gpu_uuid,pid,used_memory", cancellationToken);
        return output is null ? null : ParseHeld(output, gpuIds, pid => ProcFs.ReadStat(pid)?.Session == replica.Process);
    }

    /// <summary>What each replica holds on each gpu, where that can be told: see <see cref="ParseHeld"/>.</summary>
    /// <param name="replicas">The pids of each.</param>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<NodeHold>>> HeldAsync(
        IReadOnlyList<GpuDevice> gpus, IReadOnlyDictionary<string, IReadOnlySet<int>> replicas, CancellationToken cancellationToken)
    {
        var output = replicas.Count == 0 ? null : await RunAsync("--query-compute-apps=gpu_uuid,pid,used_memory", cancellationToken);
        return replicas.ToDictionary(replica => replica.Key, replica => Holds(replica.Value), StringComparer.Ordinal);

        IReadOnlyList<NodeHold> Holds(IReadOnlySet<int> pids) => output is null ? [] :
        [
            .. gpus.Select(gpu => (gpu.Id, Bytes: ParseHeld(output, [gpu.Id], pids.Contains)))
                .Where(hold => hold.Bytes is not null).Select(hold => new NodeHold(hold.Id, hold.Bytes!.Value)),
        ];
    }

    public async Task<IReadOnlyList<long>?> FreeAsync(IReadOnlyList<GpuDevice> gpus, CancellationToken cancellationToken)
    {
        var output = await RunAsync("--query-gpu=uuid,memory.free", cancellationToken);
        return output is null ? null : ParseFree(output, gpus);
    }

    public long? MeasureHost(RunningReplica replica) => HostMemory.OfSession(replica.Process);

    /// <param name="problems">
    /// Why a row is no device: a gpu that fell off the bus has no numbers; one that shares its memory with the processor has no
    /// memory of its own; one that is divided (MIG) takes no process by its own id.
    /// </param>
    internal static IReadOnlyList<GpuDevice> ParseDevices(string csv, string node, out IReadOnlyList<string> problems)
    {
        var devices = new List<GpuDevice>();
        var found = new List<string>();
        foreach (var fields in Rows(csv))
        {
            if (fields.Length != 5
                || !int.TryParse(fields[1], CultureInfo.InvariantCulture, out var index)
                || !long.TryParse(fields[3], CultureInfo.InvariantCulture, out var mebibytes))
            {
                found.Add($"this is no gpu that can be used: {string.Join(", ", fields)}");
            }
            else if (fields[4] == "Enabled")
            {
                found.Add($"{fields[0]} ({fields[2]}) is divided into MIG instances: list those that shall be used under gpus");
            }
            else
            {
                devices.Add(new GpuDevice(fields[0], index, node, fields[2], mebibytes * MiB, Simulated: false));
            }
        }

        problems = found;
        return devices;
    }

    /// <summary>
    /// Null when a row of the replica carries no number (some drivers show <c>[N/A]</c>), and when it has no row on one of its
    /// gpus: an engine keeps its context there even asleep, so that a list without it is a list of other names.
    /// </summary>
    internal static long? ParseHeld(string csv, IReadOnlyList<string> gpuIds, Func<int, bool> isOurs)
    {
        var held = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var fields in Rows(csv))
        {
            if (fields.Length != 3 || !gpuIds.Contains(fields[0])
                || !int.TryParse(fields[1], CultureInfo.InvariantCulture, out var pid) || !isOurs(pid))
            {
                continue;
            }

            if (!long.TryParse(fields[2], CultureInfo.InvariantCulture, out var mebibytes))
            {
                return null;
            }

            held[fields[0]] = held.GetValueOrDefault(fields[0]) + (mebibytes * MiB);
        }

        return held.Count < gpuIds.Count || held.Count == 0 ? null : held.Values.Max();
    }

    /// <summary>Null when one of the gpus is not listed, or without a number.</summary>
    internal static IReadOnlyList<long>? ParseFree(string csv, IReadOnlyList<GpuDevice> gpus)
    {
        var free = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var fields in Rows(csv))
        {
            if (fields.Length == 2 && long.TryParse(fields[1], CultureInfo.InvariantCulture, out var mebibytes))
            {
                free[fields[0]] = mebibytes * MiB;
            }
        }

        return gpus.All(gpu => free.ContainsKey(gpu.Id)) ? [.. gpus.Select(gpu => free[gpu.Id])] : null;
    }

    private static IEnumerable<string[]> Rows(string csv) => csv
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(line => line.Split(',', StringSplitOptions.TrimEntries));

    private async Task<string?> RunAsync(string query, CancellationToken cancellationToken)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(command[0], [.. command.Skip(1), query, "--format=csv,noheader,nounits"])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            if (exception.NativeErrorCode != NoSuchFile)
            {
                SchedulerLog.NvidiaSmi(log, exception.Message);
            }

            // No such program: no such gpus.
            return null;
        }

        using var limit = new CancellationTokenSource(answerTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var error = process.StandardError.ReadToEndAsync(both.Token);
            var output = await process.StandardOutput.ReadToEndAsync(both.Token);
            await process.WaitForExitAsync(both.Token);
            if (process.ExitCode == 0)
            {
                return output;
            }

            SchedulerLog.NvidiaSmi(log, $"exit code {process.ExitCode}: {$"{await error} {output}".Trim()}");
            return null;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            SchedulerLog.NvidiaSmi(log, $"no answer within {answerTimeout.TotalSeconds:0.#} s");
            return null;
        }
    }
}
