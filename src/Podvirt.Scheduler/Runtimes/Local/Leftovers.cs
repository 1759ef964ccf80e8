using Microsoft.Extensions.Logging;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <summary>
/// The engines of a run that ended without stopping them. A process is one of ours only if its environment holds the nonce
/// of a pid file; the file's own pid must have the recorded start time too. Everything else is left alone.
/// </summary>
internal sealed class Leftovers(PidFiles pidFiles, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>SIGKILL takes effect at once, unless a driver holds the process in the kernel.</summary>
    private static readonly TimeSpan GoneTimeout = TimeSpan.FromSeconds(10);

    /// <summary>True when the process of this file, and no later one of its pid, runs.</summary>
    public static bool Runs(PidFile file) => file.Pid > 0
        && ProcFs.ReadStat(file.Pid) is { State: not ('Z' or 'X') } stat && stat.StartTime == file.StartTime
        && ProcFs.HasEnvironment(file.Pid, LocalRuntime.NonceVariable, file.Nonce);

    /// <summary>Kills whatever belongs to these files, and deletes them.</summary>
    public async Task RemoveAsync(IReadOnlyList<PidFile> files, CancellationToken cancellationToken)
    {
        if (files.Count == 0)
        {
            return;
        }

        var started = time.GetTimestamp();
        while (true)
        {
            var found = false;
            foreach (var (file, pid) in Find(files))
            {
                found = true;
                if (Libc.Kill(pid, Libc.SigKill) == 0)
                {
                    SchedulerLog.LeftoverRemoved(log, pid, file.Replica);
                }
            }

            if (!found || time.GetElapsedTime(started) > GoneTimeout)
            {
                break;
            }

            // A worker may have been starting another one: looked at again until none is left.
            await Task.Delay(LookInterval, time, cancellationToken);
        }

        foreach (var file in files)
        {
            pidFiles.Delete(file.Replica);
        }
    }

    public static List<(PidFile File, int Pid)> Find(IReadOnlyList<PidFile> files)
    {
        var found = new List<(PidFile, int)>();
        foreach (var pid in ProcFs.Pids())
        {
            if (pid == Environment.ProcessId || ProcFs.ReadStat(pid) is not { State: not ('Z' or 'X') } stat)
            {
                continue;
            }

            foreach (var file in files)
            {
                var isLeader = pid == file.Pid;
                if ((!isLeader || stat.StartTime == file.StartTime) && ProcFs.HasEnvironment(pid, LocalRuntime.NonceVariable, file.Nonce))
                {
                    found.Add((file, pid));
                }
            }
        }

        return found;
    }
}
