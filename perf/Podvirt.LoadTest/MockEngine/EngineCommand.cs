using System.Globalization;
using System.Net;
using System.Text.Json;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>
/// <c>engine [--port N] [--load-delay MS] [--tick-us N] [--send-buffer BYTES] [--controlled]</c>. Controlled, it says its port on standard output,
/// answers each line on standard input with a report, and ends when standard input does.
/// </summary>
internal static class EngineCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new ArgumentList(args);
        var options = new EngineOptions(
            new IPEndPoint(IPAddress.Loopback, arguments.Number("--port", 0)),
            TimeSpan.FromMilliseconds(arguments.Number("--load-delay", 0)),
            Tick: arguments.Number("--tick-us", 1_000) * 1_000L,
            SendBuffer: arguments.Number("--send-buffer", 0));
        await Task.Delay(options.LoadDelay);
        using var engine = new EngineLoop(options);
        using var stop = new CancellationTokenSource();
        if (!arguments.Has("--controlled"))
        {
            engine.Run(stop.Token);
            return 0;
        }
        await Console.Out.WriteLineAsync(engine.Port.ToString(CultureInfo.InvariantCulture));
        var thread = new Thread(() => engine.Run(stop.Token)) { Name = "engine" };
        thread.Start();
        while (await Console.In.ReadLineAsync() is not null)
        {
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(await engine.ReportAsync(), ControlJson.Options));
        }
        await stop.CancelAsync();
        thread.Join();
        return 0;
    }
}
