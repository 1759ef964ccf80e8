using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Podvirt.Chats;

/// <summary>Removes what has been kept for long enough: at the start, then every few minutes.</summary>
internal sealed partial class ChatSweep(IConversationStore store, TimeProvider time, ILogger<ChatSweep> logger) : BackgroundService
{
    /// <summary>Retentions are days, and frames are kept for a minute at least.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                await SweepAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (conversations, answers) = await store.SweepAsync(time.GetUtcNow(), cancellationToken);
            if (conversations > 0 || answers > 0)
            {
                LogSwept(conversations, answers);
            }
        }
        catch (IOException error)
        {
            LogFailed(error);
        }
    }

    [LoggerMessage(5126, LogLevel.Information, "{Conversations} conversations and the frames of {Answers} answers were removed: their time was over")]
    private partial void LogSwept(int conversations, int answers);

    [LoggerMessage(5127, LogLevel.Warning, "Conversations and frames whose time is over could not be removed; it is tried again")]
    private partial void LogFailed(Exception error);
}
