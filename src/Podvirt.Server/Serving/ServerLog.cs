using Microsoft.Extensions.Logging.Console;

namespace Podvirt.Server.Serving;

/// <summary>The server's log, on standard error: standard output is for what was asked for, the banner.</summary>
internal static class ServerLog
{
    /// <summary>
    /// Lines that wait for standard error; a further one is dropped, and the log says how many were once it moves again.
    /// A burst, at some hundred bytes a line a few MiB.
    /// </summary>
    public const int LinesMax = 10_000;

    public static void AddServerLog(this ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(o =>
        {
            o.SingleLine = true;
            o.TimestampFormat = "HH:mm:ss ";
            o.UseUtcTimestamp = true;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(o =>
        {
            o.LogToStandardErrorThreshold = LogLevel.Trace;

            // IO threads log: they never wait for whoever reads standard error, a terminal that was paused for example.
            o.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            o.MaxQueueLength = LinesMax;
        });
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("Podvirt", LogLevel.Information);
        // Any level of it makes the host open an activity and a scope for every request, for lines that nobody would see.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
    }
}
