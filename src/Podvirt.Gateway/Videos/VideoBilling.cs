using Microsoft.Extensions.Logging;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Relay;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Videos;

/// <summary>
/// Ends jobs. How a job ended is written down first; its usage record is made of that alone and appended until it is durable; only then
/// clients see the end. So a job that was interrupted in between leaves the same record again, under the same id, which counts once.
/// </summary>
internal sealed partial class VideoBilling(VideoBook book, IUsageOutbox outbox, RateBoard rates, VideoOptions options, TimeProvider time, ILogger<VideoBilling> logger)
{
    /// <summary>Longer videos are not made: an hour is a hundred times the longest.</summary>
    public const long VideoUsMax = 3600L * 1_000_000;

    private const string Surface = "videos";

    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(2);

    /// <summary>What a video of this length comes to.</summary>
    /// <param name="us">Microseconds; null: neither its file nor its engine says.</param>
    public VideoEnd Completed(VideoJob job, long? us, long fileBytes)
    {
        var source = us switch
        {
            null => UsageSource.None,
            > 0 and <= VideoUsMax => UsageSource.Engine,
            _ => UsageSource.Quarantined,
        };
        if (source == UsageSource.Quarantined)
        {
            LogDisbelieved(job.Id, job.Model, job.Replica, us!.Value);
        }
        var billed = source == UsageSource.Engine ? us!.Value : 0;
        var rate = rates.Now(job.Model);
        return new VideoEnd(
            UsageOutcome.Completed, 200, "", "", source, billed, rate.Version, rate.CostOf(new BilledAmounts(0, 0, 0, 0, billed)).ToString(), fileBytes, Now());
    }

    public VideoEnd Ended(VideoJob job, UsageOutcome outcome, Surfaces.ApiError error, bool isDeleted = false) => new(
        outcome, error.Status, error.Code ?? "engine_error", error.Message, UsageSource.None, 0, rates.Now(job.Model).Version, Cost.Zero.ToString(), 0, Now(), isDeleted);

    /// <summary>Writes the end down, makes its record durable, and shows it.</summary>
    /// <param name="held">What it holds of its limits.</param>
    /// <exception cref="OperationCanceledException">The host stops: the next start goes on here.</exception>
    public async Task SettleAsync(VideoJob job, VideoEnd end, VideoReservation held, CancellationToken cancellationToken)
    {
        var settling = await book.ChangeAsync(
            job.Id, j => j.End is null ? j with { Stage = VideoStage.Settling, End = end } : null, cancellationToken: CancellationToken.None);
        if (settling is not null)
        {
            await FinishAsync(settling, held, cancellationToken);
        }
    }

    /// <summary>The same for one whose end is written down.</summary>
    public async Task FinishAsync(VideoJob job, VideoReservation held, CancellationToken cancellationToken)
    {
        var record = RecordOf(job);
        while (!await TryAppendAsync(job.Id, record, cancellationToken))
        {
            await Task.Delay(s_retry, time, cancellationToken);
        }
        held.Settle(UtcMonth.Of(record.EndedAt), record.VideoUs, CostOf(record));
        await ShowAsync(job);
    }

    /// <summary>Appends the record of a job that was interrupted, before anybody counts what the month has used.</summary>
    public Task<bool> TryAppendAsync(VideoJob job, CancellationToken cancellationToken) => TryAppendAsync(job.Id, RecordOf(job), cancellationToken);

    /// <summary>Shows an end whose record is durable.</summary>
    public async Task ShowAsync(VideoJob job) => await book.ChangeAsync(job.Id, j => j with
    {
        Stage = j.End!.Outcome == UsageOutcome.Completed ? VideoStage.Completed : VideoStage.Failed,
        ExpiresAt = j.End.At + options.Keep,
    });

    internal static UsageRecord RecordOf(VideoJob job)
    {
        var end = job.End!;
        var duration = Math.Max(0, (end.At - job.CreatedAt).Ticks / TimeSpan.TicksPerMicrosecond);
        return new UsageRecord
        {
            Id = job.Id,
            Project = job.Project,
            Key = job.Key,
            Model = job.Model,
            Revision = job.Revision,
            Replica = job.Replica,
            Surface = Surface,
            Outcome = end.Outcome,
            Status = end.Status,
            Reason = end.Code,
            Source = end.Source,
            VideoUs = end.VideoUs,
            StartedAt = job.CreatedAt,
            QueuedUs = job.StartedAt is { } sent ? Math.Clamp((sent - job.CreatedAt).Ticks / TimeSpan.TicksPerMicrosecond, 0, duration) : 0,
            ParkedUs = Math.Min(job.ParkedUs, duration),
            DurationUs = duration,
            ColdStart = job.ColdStart,
            QuotedRate = end.RateVersion,
        };
    }

    private Cost CostOf(UsageRecord record) => rates.RateOf(record).CostOf(record);

    private async Task<bool> TryAppendAsync(Guid id, UsageRecord record, CancellationToken cancellationToken)
    {
        try
        {
            await outbox.AppendAsync(record, cancellationToken);
            return true;
        }
        catch (UsageOutboxException e)
        {
            // Until then it still runs, to its client: nobody is told of an end that is not on the ledger.
            LogNotKept(e, id);
            return false;
        }
    }

    // As records have it: UTC, microseconds.
    private DateTimeOffset Now()
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    [LoggerMessage(1607, LogLevel.Error, "The usage of video job {JobId} could not be recorded: it is tried again, and the job has not ended before.")]
    private partial void LogNotKept(Exception exception, Guid jobId);

    [LoggerMessage(1608, LogLevel.Warning, "Video job {JobId} on {Model} is quarantined and billed at zero: the video of replica {Replica} cannot be {Microseconds} µs long.")]
    private partial void LogDisbelieved(Guid jobId, string model, string replica, long microseconds);
}
