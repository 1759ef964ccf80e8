using System.Diagnostics;
using System.Globalization;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Proxies;

/// <summary>
/// A process that does not outlive this one, however this one ends: a shell between the two kills it, and what it started, when its own standard input, which only
/// this process holds, is closed.
/// </summary>
internal sealed class OwnedProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private const int Kill = 9;

    // Keeper and kept are in sessions of their own: a Ctrl-C goes to whoever is in the foreground, and the keeper must outlive that one.
    private const string Keeper = """
        log=$1; shift
        setsid "$@" >"$log" 2>&1 </dev/null &
        child=$!
        echo $child
        cat >/dev/null
        kill -s KILL -- -$child 2>/dev/null
        """;

    /// <summary>A server that drains takes a few seconds at most here; one that hangs is killed.</summary>
    private static readonly TimeSpan s_stopAllowance = TimeSpan.FromSeconds(15);

    private readonly Process _keeper;

    private OwnedProcess(Process keeper, int id, string log)
    {
        _keeper = keeper;
        Id = id;
        Log = log;
    }

    public int Id { get; }

    /// <summary>Where its output goes.</summary>
    public string Log { get; }

    public bool IsRunning => File.Exists($"/proc/{Id}/stat") && ProcessAccount.StateOf(Id) is not ('Z' or 'X');

    /// <param name="log">The file for its output.</param>
    /// <param name="environment">Variables on top of this process's own.</param>
    /// <param name="command">The executable.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<OwnedProcess> StartAsync(string log, IReadOnlyDictionary<string, string> environment, string command, params string[] arguments)
    {
        var start = new ProcessStartInfo("setsid", ["/bin/sh", "-c", Keeper, "sh", log, command, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        var keeper = Process.Start(start)!;
        var id = int.Parse(await keeper.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"{command} could not be started."), CultureInfo.InvariantCulture);
        return new OwnedProcess(keeper, id, log);
    }

    public async ValueTask DisposeAsync()
    {
        _ = Libc.Signal(Id, Terminate);
        var deadline = MonotonicClock.Now + (long)s_stopAllowance.TotalNanoseconds;
        while (IsRunning && MonotonicClock.Now < deadline)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }
        if (IsRunning)
        {
            _ = Libc.Signal(Id, Kill);
        }
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
    }
}
