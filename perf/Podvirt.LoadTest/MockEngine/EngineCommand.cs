using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>
/// <c>engine [--port N] [--load-delay MS] [--tick-us N] [--send-buffer BYTES] [--controlled | --while PID --journal FILE]</c>. Controlled, it says its
/// port on standard output, answers each line on standard input with a report, and ends when standard input does. Otherwise it runs while that
/// process lives, and notes in the journal when its first answer was complete.
/// </summary>
internal static class EngineCommand
{
    private const int TickDefaultMicroseconds = 1_000;

    private static readonly TimeSpan s_watchPause = TimeSpan.FromMilliseconds(50);

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new ArgumentList(args);
        var watched = arguments.Number("--while", Environment.ProcessId);
        // As with a real engine, nothing listens before it has loaded.
        var loaded = Environment.TickCount64 + arguments.Number("--load-delay", 0);
        while (Environment.TickCount64 < loaded && Lives(watched))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(s_watchPause.TotalMilliseconds, Math.Max(0, loaded - Environment.TickCount64))));
        }
        using var engine = new EngineLoop(
            new IPEndPoint(IPAddress.Loopback, arguments.Number("--port", 0)), arguments.Number("--tick-us", TickDefaultMicroseconds) * 1_000L, arguments.Number("--send-buffer", 0));
        using var stop = new CancellationTokenSource();
        var thread = new Thread(() => engine.Run(stop.Token)) { Name = "engine" };
        thread.Start();
        await (arguments.Has("--controlled") ? AnswerAsync(engine) : WatchAsync(engine, watched, arguments.Text("--journal")));
        await stop.CancelAsync();
        thread.Join();
        return 0;
    }

    private static async Task AnswerAsync(EngineLoop engine)
    {
        await Console.Out.WriteLineAsync(engine.Port.ToString(CultureInfo.InvariantCulture));
        while (await Console.In.ReadLineAsync() is not null)
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(await engine.ReportAsync(), ControlJson.Options));
        }
    }

    private static bool Lives(int process) => File.Exists($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/stat");

    private static async Task WatchAsync(EngineLoop engine, int watched, string? journal)
    {
        while (Lives(watched))
        {
            await Task.Delay(s_watchPause);
            if (journal is not null && engine.FirstCompleted > 0)
            {
                await File.WriteAllTextAsync(journal, engine.FirstCompleted.ToString(CultureInfo.InvariantCulture));
                journal = null;
            }
        }
    }
}
