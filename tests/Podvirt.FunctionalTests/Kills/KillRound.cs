using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Podvirt.FunctionalTests.Kills;

/// <summary>One life of a server: calls of all kinds, perhaps an engine's death, and a kill at a moment by chance.</summary>
internal sealed class KillRound
{
    private const int Callers = 10;
    private const int TokensMax = 300;
    private const int SigTerm = 15;
    private const int SigKill = 9;

    // From before the first token to well past the ends of most.
    private static readonly TimeSpan s_lifeMax = TimeSpan.FromMilliseconds(2_200);
    private static readonly TimeSpan s_afterRefusal = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_startMax = TimeSpan.FromMilliseconds(900);

    public List<KilledCall> Calls { get; private set; } = [];

    public DateTimeOffset Began { get; } = DateTimeOffset.UtcNow;

    /// <summary>By the machine's monotonic clock.</summary>
    public long KilledAt { get; private set; }

    public bool EngineDied { get; private set; }

    /// <summary>Kills a server that is still starting, perhaps while it makes records of what the last one left.</summary>
    public static async Task KillAtStartAsync(string yaml, string data, Random random)
    {
        var server = await PodvirtProcess.LaunchAsync(yaml, data);
        await Task.Delay(random.NextDouble() * s_startMax);
        await server.KillAsync();
    }

    public static async Task<KillRound> RunAsync(PodvirtProcess server, Random random)
    {
        var round = new KillRound();
        var calls = new ConcurrentQueue<KilledCall>();
        var isOver = false;
        var callers = Enumerable.Range(0, Callers).Select(_ => new Random(random.Next())).Select(async own =>
        {
            while (!Volatile.Read(ref isOver))
            {
                var call = await CallAsync(server, own);
                calls.Enqueue(call);
                if (call.End == CallEnd.Refused)
                {
                    await Task.Delay(s_afterRefusal);
                }
            }
        }).ToList();

        var life = random.NextDouble() * s_lifeMax;
        var engineDiesAfter = random.Next(5) == 0 ? random.NextDouble() * life : (TimeSpan?)null;
        if (engineDiesAfter is { } after)
        {
            await Task.Delay(after);
            round.EngineDied = KillEngine(server, random.Next(2) == 0 ? SigTerm : SigKill);
            life -= after;
        }
        await Task.Delay(life);

        Volatile.Write(ref isOver, true);
        round.KilledAt = Stopwatch.GetTimestamp();
        await server.KillAsync();
        await Task.WhenAll(callers);
        round.Calls = [.. calls];
        return round;
    }

    private static Task<KilledCall> CallAsync(PodvirtProcess server, Random random) => random.Next(8) switch
    {
        0 or 1 => KilledCall.PlainAsync(server, 5 + random.Next(60)),
        2 => KilledCall.StreamAsync(server, TokensMax, leaveAfter: 1 + random.Next(100)),
        3 => KilledCall.StreamAsync(server, 1 + random.Next(20), leaveAfter: null),
        _ => KilledCall.StreamAsync(server, 50 + random.Next(TokensMax - 50), leaveAfter: null),
    };

    private static bool KillEngine(PodvirtProcess server, int signal)
    {
        var engines = server.Engines();
        if (engines.Count == 0)
        {
            return false;
        }
        return Kill(engines[0], signal) == 0 ? true : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
