using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Podvirt.Testing.Nomad.Tasks;

/// <param name="Command">A program, by path or by name.</param>
internal sealed record TaskCommand(string Command, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string Folder);

/// <summary>A driver could not start its task; the message is what the agent shows.</summary>
internal sealed class TaskStartException(string message) : Exception(message);

/// <summary>A real process in a session of its own, writing into files, so that its whole group ends with it.</summary>
internal sealed partial class TaskProcess : IDisposable
{
    public const int Terminate = 15;
    private const int KillAtOnce = 9;
    private const int NoSuchProcess = 3;

    /// <summary>A killed process lives on only while the kernel holds it in a call of its own.</summary>
    private const int GroupEndMilliseconds = 5_000;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private readonly Process _process;

    private TaskProcess(Process process)
    {
        _process = process;
    }

    /// <summary>Exit code and signal of a process that has ended; one of them is 0.</summary>
    public (int Code, int Signal) Exit => _process.ExitCode > 128 ? (_process.ExitCode, _process.ExitCode - 128) : (_process.ExitCode, 0);

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public static TaskProcess Start(TaskCommand task, string output, string error)
    {
        // The shell opens the files and becomes the task; setsid first made it the leader of a session and group of its own.
        string[] arguments = ["/bin/sh", "-c", "out=$1; err=$2; shift 2; exec \"$@\" </dev/null >>\"$out\" 2>>\"$err\"", "sh", output, error, task.Command, .. task.Arguments];
        var start = new ProcessStartInfo("setsid", arguments) { UseShellExecute = false, WorkingDirectory = task.Folder };
        foreach (var (name, value) in task.Environment)
        {
            start.Environment[name] = value;
        }
        return new TaskProcess(Process.Start(start) ?? throw new TaskStartException("The process did not start."));
    }

    /// <summary>SIGTERM and SIGINT by name; Nomad's default interrupts, which a task takes as the wish to end.</summary>
    public static int Number(string signal) => signal switch
    {
        "SIGINT" => 2,
        "SIGQUIT" => 3,
        "SIGUSR1" => 10,
        "SIGUSR2" => 12,
        _ => Terminate,
    };

    /// <summary>True when it ended by itself; false when the token came first.</summary>
    public async Task<bool> WaitAsync(CancellationToken stopping)
    {
        await _process.WaitForExitAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_process.HasExited)
        {
            return false;
        }
        await EndGroupAsync();
        return true;
    }

    /// <summary>Asks, waits the grace, then ends the whole group.</summary>
    public async Task KillAsync(TimeSpan grace, int signal, CancellationToken atOnce)
    {
        if (!atOnce.IsCancellationRequested)
        {
            Signal(signal);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(atOnce);
            limit.CancelAfter(grace);
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        Signal(KillAtOnce);
        await _process.WaitForExitAsync(CancellationToken.None);
        await EndGroupAsync();
    }

    /// <summary>To the group; to the process alone while it has not yet made its own.</summary>
    public void Signal(int signal)
    {
        if (Kill(-_process.Id, signal) != 0 && Marshal.GetLastPInvokeError() == NoSuchProcess && !_process.HasExited)
        {
            _ = Kill(_process.Id, signal);
        }
    }

    public void Dispose() => _process.Dispose();

    /// <summary>Returns when nothing of the group lives any more: neither a port nor a file is held by what is said to have ended.</summary>
    private async Task EndGroupAsync()
    {
        var limit = Environment.TickCount64 + GroupEndMilliseconds;
        while (Kill(-_process.Id, KillAtOnce) == 0 && HasMembers() && Environment.TickCount64 < limit)
        {
            await Task.Delay(s_pause);
        }
    }

    /// <summary>Those that have ended and that nobody has asked about do not count.</summary>
    private bool HasMembers() => Directory.EnumerateDirectories("/proc").Where(static d => char.IsAsciiDigit(Path.GetFileName(d)[0])).Any(folder =>
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is not ("Z" or "X") && fields[2] == $"{_process.Id}";
        }
        catch (IOException)
        {
            // It ended between its listing and its reading.
            return false;
        }
    });

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
