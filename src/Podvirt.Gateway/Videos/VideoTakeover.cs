using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;

namespace Podvirt.Gateway.Videos;

/// <summary>
/// Follows the jobs of all gateways, and takes over those whose gateway is gone: by compare-and-set, so that each goes on at one.
/// That is looked for as often as a lease is renewed.
/// </summary>
internal sealed partial class VideoTakeover(VideoBook book, IOwners owners, ILeases leases, TimeProvider time, ILogger<VideoTakeover> logger)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <param name="changed">Told of each job that changed.</param>
    /// <param name="begin">Goes on with one that was taken.</param>
    /// <param name="stopping">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public Task RunAsync(Action<VideoJob> changed, Action<VideoJob> begin, CancellationToken stopping) =>
        Task.WhenAll(RepeatAsync(() => book.FollowAsync(changed, stopping), s_pause, stopping), RepeatAsync(() => TakeAsync(begin, stopping), leases.Period / 3, stopping));

    private async Task RepeatAsync(Func<Task> run, TimeSpan pause, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await run();
            }
            catch (Exception error) when (!stopping.IsCancellationRequested)
            {
                // The state store is out of reach for a while. A new watch begins with all there is.
                LogFailed(error);
            }
            await Task.Delay(pause, time, stopping);
        }
    }

    private async Task TakeAsync(Action<VideoJob> begin, CancellationToken stopping)
    {
        var others = book.All().Where(book.IsOthers).ToList();
        if (others.Count == 0)
        {
            return;
        }
        var live = await owners.ListAsync(stopping);
        foreach (var job in others.Where(j => j.Owner is null || !live.Contains(j.Owner)))
        {
            var isMine = false;
            var taken = await book.ChangeAnyAsync(
                job.Id,
                j =>
                {
                    isMine = !j.HasEnded && j.Owner == job.Owner;
                    return isMine ? j with { Owner = owners.Id } : null;
                },
                cancellationToken: stopping);
            if (isMine && taken is not null)
            {
                LogTook(job.Id, job.Owner ?? "");
                begin(taken);
            }
        }
    }

    [LoggerMessage(1624, LogLevel.Warning, "Video job {JobId} goes on here: its gateway {Owner} is gone.")]
    private partial void LogTook(Guid jobId, string owner);

    [LoggerMessage(1625, LogLevel.Warning, "The video jobs of other gateways could not be followed; it is tried again.")]
    private partial void LogFailed(Exception error);
}
