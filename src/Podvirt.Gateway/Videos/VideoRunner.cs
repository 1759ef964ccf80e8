using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Videos.Files;
using Podvirt.Gateway.Videos.Forms;

namespace Podvirt.Gateway.Videos;

/// <summary>
/// Works one job off.
/// <list type="number">
/// <item>Lease: a slot of a replica, in line with the model's other requests; or the replica that has the job since before a restart.</item>
/// <item>Attempt: send it, follow it, fetch its video. A job that its engine lost is sent once more, elsewhere where there is another.</item>
/// <item>Keep: the video is in the file store before anything else is said of it.</item>
/// <item>Settle: the end is written down, its usage record durable, and then the end is shown.</item>
/// <item>Leave nothing: not at the engine, not in the spool.</item>
/// </list>
/// </summary>
internal sealed partial class VideoRunner(
    VideoQueue queue, VideoAttempts attempts, VideoBook book, VideoBilling billing, VideoSpool spool, VideoFolder folder, IVideoFiles files, VideoOptions options,
    TimeProvider time, ILogger<VideoRunner> logger)
{
    /// <summary>How often an engine may lose a job.</summary>
    private const int LossesMax = 2;

    // An engine that has no room is asked again no sooner than about a job that it has, and no later than this.
    private static readonly TimeSpan s_busyWaitMax = TimeSpan.FromSeconds(30);

    // A store that is away for longer than that is not waited for while an engine's slot is taken.
    private static readonly TimeSpan s_storeTimeMax = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_storeRetry = TimeSpan.FromSeconds(2);

    /// <exception cref="OperationCanceledException">The host stops: the next start goes on.</exception>
    public async Task RunAsync(VideoRun run, CancellationToken stopping)
    {
        try
        {
            await WorkAsync(run, stopping);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested && book.Find(run.Id) is not { End: null })
        {
            // Cancelled: how is written down, and what is left to do is the same.
        }
        if (book.Find(run.Id) is { } job)
        {
            if (!job.HasEnded)
            {
                await billing.FinishAsync(job, run.Held, stopping);
            }
            await CleanUpAsync(run.Id);
        }
    }

    /// <summary>What is left of a job that has ended, or all of one that nobody wants.</summary>
    public async Task CleanUpAsync(Guid id)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (book.Find(id) is not { HasEnded: true } job)
        {
            return;
        }
        spool.Remove(job.FileName);
        await spool.UnshareAsync(job.FileName);
        if (Directory.Exists(folder.Fetched))
        {
            File.Delete(folder.FetchedOf(job.FileName));
        }
        if (job.Stage == VideoStage.Completed && !job.End!.IsDeleted)
        {
            return;
        }
        await DeleteFileAsync(job);
        if (job.End!.IsDeleted)
        {
            await book.RemoveAsync(job);
        }
    }

    // One that was cancelled may have had its video stored a moment before.
    private async Task DeleteFileAsync(VideoJob job)
    {
        try
        {
            await files.DeleteAsync(job.FileName, CancellationToken.None);
        }
        catch (VideoFilesException e)
        {
            // What no job knows is swept at the next start.
            LogNotDeleted(e, job.Id);
        }
    }

    /// <summary>Has an engine stop a job, and holds the slot until it has.</summary>
    public async Task DismissAsync(string engineJob, Lease lease, CancellationToken stopping)
    {
        using (lease)
        {
            var began = time.GetTimestamp();
            while (!await attempts.CancelAsync(engineJob, lease.Replica, stopping) && time.GetElapsedTime(began) < options.RunTimeMax)
            {
                await Task.Delay(options.PollInterval, time, stopping);
            }
        }
    }

    private async Task WorkAsync(VideoRun run, CancellationToken stopping)
    {
        List<string> lostBy = [];
        while (book.Find(run.Id) is { End: null } job)
        {
            // 1. Lease.
            var (lease, refusal) = await LeaseAsync(job, lostBy, run.Cut);
            if (refusal is not null)
            {
                if (refusal == ApiErrors.ShuttingDown)
                {
                    // Nothing is taken any more; the next start goes on.
                    await Task.Delay(Timeout.InfiniteTimeSpan, time, run.Cut);
                }
                await SettleAsync(run, billing.Ended(job, UsageOutcome.Failed, refusal), stopping);
                return;
            }
            if (lease is null)
            {
                continue;
            }

            // 2. to 4. under it.
            if (await WorkAsync(run, lease, stopping) is not { } wait)
            {
                return;
            }
            lostBy.Add(lease.Replica.Route.Id);
            await Task.Delay(wait, time, run.Cut);
        }
    }

    // Null without a refusal: the replica that had it is not there any more, so it is to be sent again.
    private async Task<(Lease? Lease, ApiError? Refusal)> LeaseAsync(VideoJob job, IReadOnlyCollection<string> lostBy, CancellationToken cancellationToken)
    {
        if (job.EngineJob is not null)
        {
            if (await queue.RejoinAsync(job, cancellationToken) is { } rejoined)
            {
                LogRejoined(job.Id, job.Replica);
                return (rejoined, null);
            }
            LogNotRejoined(job.Id, job.Replica);
            await book.ChangeAsync(job.Id, Again, cancellationToken: CancellationToken.None);
            return default;
        }
        var result = await queue.AcquireAsync(job, lostBy, cancellationToken);
        var waitedUs = result.Waited.Ticks / TimeSpan.TicksPerMicrosecond;
        try
        {
            await book.ChangeAsync(
                job.Id, j => j with { ParkedUs = j.ParkedUs + waitedUs, ColdStart = j.ColdStart || result.IsCold }, Messaging.StateDurability.Process, CancellationToken.None);
        }
        catch
        {
            result.Lease?.Dispose();
            throw;
        }
        return (result.Lease, result.Error);
    }

    /// <returns>How long to wait before it is tried again; null: it has ended.</returns>
    private async Task<TimeSpan?> WorkAsync(VideoRun run, Lease lease, CancellationToken stopping)
    {
        var handedOn = false;
        try
        {
            var result = await attempts.RunAsync(book.Find(run.Id)!, lease, run.Cut, stopping);
            switch (result)
            {
                case { End: AttemptEnd.Fetched }:
                    var end = await KeepAsync(result.Job, run.Cut);
                    await SettleAsync(run, end, stopping);
                    await attempts.CancelAsync(result.Job.EngineJob!, lease.Replica, stopping);
                    return null;
                case { End: AttemptEnd.Failed, Error: { } error }:
                    await SettleAsync(run, billing.Ended(result.Job, UsageOutcome.Failed, error), stopping);
                    return null;
                case { End: AttemptEnd.Busy }:
                    return BusyWait(result.RetryAfter ?? TimeSpan.Zero);
                default:
                    return await LoseAsync(run, result, stopping) ? TimeSpan.Zero : null;
            }
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // Cancelled: the engine is told, under the lease.
            if (book.Find(run.Id) is { EngineJob: { } engineJob, End: not null } && !await attempts.CancelAsync(engineJob, lease.Replica, stopping))
            {
                handedOn = true;
                run.Dismissal = DismissAsync(engineJob, lease, stopping);
            }
            throw;
        }
        finally
        {
            if (!handedOn)
            {
                lease.Dispose();
            }
        }
    }

    /// <returns>Whether it is tried again.</returns>
    private async Task<bool> LoseAsync(VideoRun run, AttemptResult result, CancellationToken stopping)
    {
        var losses = result.Job.Losses + 1;
        LogLost(result.Job.Id, result.Job.Replica, losses, result.Detail);
        if (losses >= LossesMax)
        {
            await SettleAsync(run, billing.Ended(result.Job, UsageOutcome.Failed, VideoErrors.EngineLost(result.Job.Model, losses, result.Detail)), stopping);
            return false;
        }
        await book.ChangeAsync(run.Id, j => Again(j) is { } again ? again with { Losses = losses } : null, cancellationToken: CancellationToken.None);
        return true;
    }

    private static VideoJob? Again(VideoJob job) =>
        job.End is null ? job with { Stage = VideoStage.Queued, EngineJob = null, Progress = 0, StartedAt = null } : null;

    // 3. Its length is read off it while it is still a file.
    private async Task<VideoEnd> KeepAsync(VideoJob job, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var path = folder.FetchedOf(job.FileName);
        long? us;
        long bytes;
        await using (var file = new FileStream(path, FileMode.Open, FileAccess.Read))
        {
            bytes = file.Length;
            us = Mp4Duration.Read(file) ?? SecondsOf(job);
        }
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                await files.SaveAsync(job.FileName, path, cancellationToken);
                return billing.Completed(job, us, bytes);
            }
            catch (VideoFilesException e)
            {
                LogNotStored(e, job.Id);
            }
            if (time.GetElapsedTime(began) >= s_storeTimeMax)
            {
                File.Delete(path);
                return billing.Ended(job, UsageOutcome.Failed, VideoErrors.NotStored);
            }
            await Task.Delay(s_storeRetry, time, cancellationToken);
        }
    }

    private static long? SecondsOf(VideoJob job) => VideoTimes.TryParseSeconds(job.Seconds, out var us) ? us : null;

    private async Task SettleAsync(VideoRun run, VideoEnd end, CancellationToken stopping)
    {
        if (book.Find(run.Id) is { } job)
        {
            await billing.SettleAsync(job, end, run.Held, stopping);
        }
    }

    private TimeSpan BusyWait(TimeSpan wish) => wish < options.PollInterval ? options.PollInterval : wish > s_busyWaitMax ? s_busyWaitMax : wish;

    [LoggerMessage(1609, LogLevel.Warning, "Video job {JobId} was lost by replica {Replica}, time {Losses}: {Detail}")]
    private partial void LogLost(Guid jobId, string replica, int losses, string detail);

    [LoggerMessage(1610, LogLevel.Error, "The video of job {JobId} could not be put into the file store; it is tried again for some minutes.")]
    private partial void LogNotStored(Exception exception, Guid jobId);

    [LoggerMessage(1611, LogLevel.Warning, "The video of job {JobId} could not be deleted now: the next start does.")]
    private partial void LogNotDeleted(Exception exception, Guid jobId);

    [LoggerMessage(1612, LogLevel.Information, "Video job {JobId} goes on at replica {Replica}, which worked on it before this server started.")]
    private partial void LogRejoined(Guid jobId, string replica);

    [LoggerMessage(1613, LogLevel.Warning, "Video job {JobId} is sent again: replica {Replica}, which worked on it, is not there any more.")]
    private partial void LogNotRejoined(Guid jobId, string replica);
}
