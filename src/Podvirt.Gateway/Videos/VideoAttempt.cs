using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Videos.Engine;
using Podvirt.Gateway.Videos.Files;
using Podvirt.Gateway.Videos.Forms;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Videos;

/// <summary>What came of one try at an engine.</summary>
internal enum AttemptEnd
{
    /// <summary>The video is in the folder.</summary>
    Fetched,

    /// <summary>The engine died, or forgot the job: another may have it.</summary>
    Lost,

    /// <summary>The engine has no room: it was not tried.</summary>
    Busy,

    /// <summary>No engine will do better.</summary>
    Failed,
}

/// <param name="Job">As it stands.</param>
/// <param name="Error">With <see cref="AttemptEnd.Failed"/>.</param>
/// <param name="Detail">With <see cref="AttemptEnd.Lost"/>: how.</param>
/// <param name="RetryAfter">With <see cref="AttemptEnd.Busy"/>.</param>
internal sealed record AttemptResult(AttemptEnd End, VideoJob Job, ApiError? Error = null, string Detail = "", TimeSpan? RetryAfter = null);

/// <summary>
/// One try at one engine, under a lease that is held as long as the engine works on the job: 1. send, unless the engine has it already,
/// 2. ask how it stands until it has ended, 3. fetch the video.
/// </summary>
internal sealed partial class VideoAttempts(
    VideoEngine engine, VideoBook book, VideoSpool spool, VideoFolder folder, RouteDirectory routes, Announcer announcer, VideoOptions options, TimeProvider time,
    ILogger<VideoAttempts> logger)
{
    /// <param name="cancellationToken">Cuts it.</param>
    /// <param name="stopping">The host stops.</param>
    /// <exception cref="OperationCanceledException">It is cut: the engine may still work on it.</exception>
    public async Task<AttemptResult> RunAsync(VideoJob job, Lease lease, CancellationToken cancellationToken, CancellationToken stopping)
    {
        var replica = lease.Replica;
        if (job.EngineJob is null)
        {
            var sent = await SendAsync(job, replica, stopping);
            if (sent is not { End: AttemptEnd.Fetched })
            {
                return sent;
            }
            job = sent.Job;
        }
        var finished = await FollowAsync(job, replica, cancellationToken);
        return finished is { End: AttemptEnd.Fetched } ? await FetchAsync(finished.Job, replica, cancellationToken) : finished;
    }

    /// <summary>Has the engine stop, and forget, a job. False: it is still at it.</summary>
    public async Task<bool> CancelAsync(string engineJob, ReplicaSlots replica, CancellationToken cancellationToken)
    {
        var answer = await engine.DeleteAsync(replica.Route, engineJob, cancellationToken);
        if (answer is { Kind: AnswerKind.Refused })
        {
            LogNotCancelled(engineJob, replica.Route.Id);
        }
        // One that does not answer is the scheduler's to look after.
        return answer is not { Kind: AnswerKind.Refused };
    }

    private async Task<AttemptResult> SendAsync(VideoJob job, ReplicaSlots replica, CancellationToken stopping)
    {
        await spool.BringAsync(job.FileName, stopping);
        var now = time.GetUtcNow();
        job = await ChangeAsync(job, j => j with
        {
            Stage = VideoStage.Running,
            Replica = replica.Route.Id,
            Revision = replica.Route.Revision,
            Attempts = j.Attempts + 1,
            StartedAt = now,
            Progress = 0,
        });
        EngineAnswer answer;
        try
        {
            // Not cut with the job: an engine that has taken it has to be told by the id that comes in the answer.
            answer = await engine.CreateAsync(replica.Route, job, () => spool.Open(job.FileName), stopping);
        }
        catch (SpoolGoneException e)
        {
            LogUploadGone(e, job.Id);
            return Failed(job, VideoErrors.UploadGone);
        }
        switch (answer)
        {
            case { Kind: AnswerKind.Job, Job: { } made }:
                // Durable, so that a server that starts again finds the job at an engine that lives on; and so that whoever cancels it does.
                job = await book.ChangeAsync(job.Id, j => j with { EngineJob = made.Id, Seconds = made.Seconds ?? j.Seconds, Size = made.Size ?? j.Size })
                    ?? throw new OperationCanceledException($"The job {job.Id} is gone.");
                return made.IsFailed ? Failed(job, VideoErrors.EngineFailed(made.Failure ?? "The engine did not say why.")) : new AttemptResult(AttemptEnd.Fetched, job);
            case { Kind: AnswerKind.Busy }:
                job = await ChangeAsync(job, j => j with { Stage = VideoStage.Queued, Attempts = j.Attempts - 1, StartedAt = null });
                return new AttemptResult(AttemptEnd.Busy, job, RetryAfter: answer.RetryAfter);
            case { Kind: AnswerKind.Refused, Error: { } error }:
                return Failed(job, error.Status is 401 or 403 or 405 ? ApiErrors.EngineRefused(job.Model, error.Status) : error);
            case { Kind: AnswerKind.Gone }:
                return Failed(job, ApiErrors.EngineRefused(job.Model, 404));
            default:
                return Lost(job, replica, answer);
        }
    }

    // Until it has ended there. A question that is not answered is asked again, for as long as the replica may still be alive.
    private async Task<AttemptResult> FollowAsync(VideoJob job, ReplicaSlots replica, CancellationToken cancellationToken)
    {
        var id = job.EngineJob!;
        var began = time.GetTimestamp();
        var lastAnswer = began;
        while (true)
        {
            var answer = await engine.ShowAsync(replica.Route, id, cancellationToken);
            switch (answer)
            {
                case { Kind: AnswerKind.Job, Job: { } shown }:
                    lastAnswer = time.GetTimestamp();
                    job = await NoteAsync(job, shown);
                    if (shown.IsCompleted)
                    {
                        return new AttemptResult(AttemptEnd.Fetched, job);
                    }
                    if (shown.IsFailed)
                    {
                        return Failed(job, VideoErrors.EngineFailed(shown.Failure ?? "The engine did not say why."));
                    }
                    break;
                case { Kind: AnswerKind.Gone }:
                    return new AttemptResult(AttemptEnd.Lost, job, Detail: "it does not know the job any more.");
                case { Kind: AnswerKind.Trouble } when replica.Route.State == Core.Replicas.ReplicaState.Stopping || time.GetElapsedTime(lastAnswer) >= options.SilenceMax:
                    return Lost(job, replica, answer);
                default:
                    // Busy, or out of its mind for a moment.
                    if (time.GetElapsedTime(lastAnswer) >= options.SilenceMax)
                    {
                        return Lost(job, replica, answer with { Detail = answer.Error?.Message ?? answer.Detail });
                    }
                    if (answer is { Kind: AnswerKind.Trouble, Trouble: TroubleKind.Unreachable or TroubleKind.Died })
                    {
                        Tell(job, replica, answer);
                    }
                    break;
            }
            if (time.GetElapsedTime(began) >= options.RunTimeMax)
            {
                await CancelAsync(id, replica, cancellationToken);
                return Failed(job, VideoErrors.TooLong(job.Model, options.RunTimeMax));
            }
            await Task.Delay(options.PollInterval, time, cancellationToken);
        }
    }

    private async Task<AttemptResult> FetchAsync(VideoJob job, ReplicaSlots replica, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (spool.CheckDisk() is { } full)
        {
            return Failed(job, full);
        }
        var began = time.GetTimestamp();
        while (true)
        {
            EngineAnswer? answer;
            await using (var file = VideoFolder.Create(folder.FetchedOf(job.FileName)))
            {
                answer = await engine.FetchAsync(replica.Route, job.EngineJob!, file, cancellationToken);
                if (answer is null)
                {
                    RandomAccess.FlushToDisk(file.SafeFileHandle);
                    replica.NoteSuccess();
                    return new AttemptResult(AttemptEnd.Fetched, job);
                }
            }
            switch (answer.Value)
            {
                case { Kind: AnswerKind.Gone }:
                    return new AttemptResult(AttemptEnd.Lost, job, Detail: "its video is gone.");
                case { Kind: AnswerKind.Refused, Error: { } error }:
                    return Failed(job, error);
                case var trouble when replica.Route.State == Core.Replicas.ReplicaState.Stopping || time.GetElapsedTime(began) >= options.SilenceMax:
                    return Lost(job, replica, trouble);
                default:
                    break;
            }
            await Task.Delay(options.PollInterval, time, cancellationToken);
        }
    }

    // Progress is worth no sync of the disk: after a restart the engine says it again.
    private async Task<VideoJob> NoteAsync(VideoJob job, EngineJob shown)
    {
        var progress = Math.Max(job.Progress, Math.Min(shown.Progress, 99));
        var seconds = shown.Seconds ?? job.Seconds;
        var size = shown.Size ?? job.Size;
        return (progress, seconds, size) == (job.Progress, job.Seconds, job.Size)
            ? job
            : await ChangeAsync(job, j => j with { Progress = progress, Seconds = seconds, Size = size }, StateDurability.Process);
    }

    // Of one that has been cancelled meanwhile nothing changes any more.
    private async Task<VideoJob> ChangeAsync(VideoJob job, Func<VideoJob, VideoJob> change, StateDurability durability = StateDurability.Machine) =>
        await book.ChangeAsync(job.Id, j => j.End is null ? change(j) : null, durability) is { End: null } changed
            ? changed
            : throw new OperationCanceledException($"The job {job.Id} is cancelled.");

    private static AttemptResult Failed(VideoJob job, ApiError error) => new(AttemptEnd.Failed, job, error);

    private AttemptResult Lost(VideoJob job, ReplicaSlots replica, EngineAnswer answer)
    {
        Tell(job, replica, answer);
        if (routes.TryFind(job.Model, out var dispatcher))
        {
            dispatcher.Suspend(replica);
        }
        return new AttemptResult(AttemptEnd.Lost, job, Detail: answer.Detail);
    }

    private void Tell(VideoJob job, ReplicaSlots replica, EngineAnswer answer)
    {
        LogTrouble(replica.Route.Id, job.Model, answer.Trouble, job.Id, answer.Detail);
        announcer.Announce(new ReplicaTrouble(routes.GatewayId, job.Model, replica.Route.Id, answer.Trouble, answer.Detail, replica.NoteFailure()));
    }

    [LoggerMessage(1604, LogLevel.Warning, "Replica {Replica} of {Model}: {Kind} on video job {JobId}. {Detail}")]
    private partial void LogTrouble(string replica, string model, TroubleKind kind, Guid jobId, string detail);

    [LoggerMessage(1605, LogLevel.Error, "The upload of video job {JobId} is gone from the data folder.")]
    private partial void LogUploadGone(Exception exception, Guid jobId);

    [LoggerMessage(1606, LogLevel.Information, "The job {EngineJob} at replica {Replica} cannot be cancelled yet: its slot stays taken meanwhile.")]
    private partial void LogNotCancelled(string engineJob, string replica);
}
