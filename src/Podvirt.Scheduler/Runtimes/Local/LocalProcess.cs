using System.Runtime.InteropServices;

namespace Podvirt.Scheduler.Runtimes.Local;

/// <summary>One engine and its process group.</summary>
/// <param name="file">Says what it was started with.</param>
/// <param name="isChild">False: a child of an earlier run. Its end is seen in <c>/proc</c>, and its exit code is not known.</param>
internal sealed class LocalProcess(RunningReplica running, string logPath, PidFile file, bool isChild)
{
    private readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RunningReplica Running => running;

    public string LogPath => logPath;

    /// <summary>As it stands on disk.</summary>
    public PidFile File { get; set; } = file;

    /// <summary>Somebody asked for its end: that it ends is no news.</summary>
    public bool IsStopping { get; set; }

    /// <summary>Completes when it is reaped and its group is killed.</summary>
    public Task Exited => _exited.Task;

    /// <summary>How it ended; set before <see cref="Exited"/> completes.</summary>
    public string Ending { get; private set; } = "";

    public void Signal(int signal)
    {
        // Until it is reaped its pid, and so its group, cannot be another's. "No such process" then means: just gone. Of one
        // that we do not reap, the start time says that it is still the same.
        if (!_exited.Task.IsCompleted && (isChild || Leftovers.Runs(File)))
        {
            _ = Libc.Kill(-running.Process, signal);
        }
    }

    /// <summary>Reaps it if it has ended. Called by one task only.</summary>
    public bool TryReap() => isChild ? TryReapChild() : TrySeeEnd();

    private bool TrySeeEnd()
    {
        if (Leftovers.Runs(File))
        {
            return false;
        }

        // Its workers have their own names in its group, which could by now be another's: they are known by the nonce.
        foreach (var (_, pid) in Leftovers.Find([File]))
        {
            _ = Libc.Kill(pid, Libc.SigKill);
        }

        Ending = "ended, exit code unknown";
        _exited.TrySetResult();
        return true;
    }

    private unsafe bool TryReapChild()
    {
        var info = stackalloc byte[Libc.StructBytesMax];
        new Span<byte>(info, Libc.StructBytesMax).Clear();
        var found = Libc.WaitId(Libc.WaitByPid, running.Process, info, Libc.WaitExited | Libc.WaitNoHang | Libc.WaitNoWait);
        if (found == 0 && MemoryMarshal.Read<int>(new ReadOnlySpan<byte>(info, sizeof(int))) != Libc.SigChild)
        {
            return false;
        }

        if (found != 0 && Marshal.GetLastPInvokeError() == Libc.ErrorInterrupted)
        {
            return false;
        }

        // Workers that outlive their leader would keep the gpus' memory. The leader, not yet reaped, still holds the
        // group's number, so nobody else's processes can be meant.
        _ = Libc.Kill(-running.Process, Libc.SigKill);
        var reaped = Libc.WaitPid(running.Process, out var status, Libc.WaitNoHang);
        Ending = reaped == running.Process ? Describe(status) : "ended, exit code unknown";
        _exited.TrySetResult();
        return true;
    }

    private static string Describe(int status)
    {
        var signal = status & 0x7f;
        return signal == 0 ? $"exit code {(status >> 8) & 0xff}" : $"killed by signal {signal}";
    }
}
