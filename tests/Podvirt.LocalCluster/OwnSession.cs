using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Podvirt.LocalCluster;

/// <summary>
/// This program twice: the one that the terminal knows, and in a session of its own the one that does the work. A terminal's Ctrl-C goes to
/// every process of its group; the parts of a cluster must not stop all at once.
/// </summary>
internal static class OwnSession
{
    private const string Variable = "PODVIRT_LOCAL_CLUSTER_SESSION";

    private static readonly PosixSignal[] s_stops = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    /// <summary>This is the one that does the work.</summary>
    public static bool IsInside => Environment.GetEnvironmentVariable(Variable) == "1";

    /// <summary>Runs this program once more, in a session of its own, and gives its exit code.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Environment.GetCommandLineArgs()[0]] : [program];
        // A script's background job ignores SIGINT, and hands that on: the parts, which are asked to stop by it, would not hear.
        var start = new ProcessStartInfo("setsid", ["env", "--default-signal=INT", .. self, .. arguments]) { UseShellExecute = false, RedirectStandardInput = true };
        start.Environment[Variable] = "1";
        using var inside = Process.Start(start)!;
        var signals = Array.ConvertAll(s_stops, stop => PosixSignalRegistration.Create(stop, signal =>
        {
            signal.Cancel = true;
            inside.StandardInput.Close();
        }));
        await inside.WaitForExitAsync();
        Array.ForEach(signals, static s => s.Dispose());
        return inside.ExitCode;
    }

    /// <summary>Fires when the one that the terminal knows was told to stop, or is gone, however it ended; or on a signal to this one.</summary>
    public static CancellationToken Stopping { get; } = Listen();

    private static CancellationToken Listen()
    {
        var stopping = new CancellationTokenSource();
        foreach (var stop in s_stops)
        {
            PosixSignalRegistration.Create(stop, signal =>
            {
                signal.Cancel = true;
                stopping.Cancel();
            });
        }
        new Thread(() =>
        {
            // Nothing is ever written to it: it ends when the other end is closed.
            Console.OpenStandardInput().ReadByte();
            stopping.Cancel();
        })
        { IsBackground = true }.Start();
        return stopping.Token;
    }
}
