using System.Collections.Concurrent;
using Podvirt.Simulator.Engine;

namespace Podvirt.Simulator.Videos;

/// <summary>All jobs since the start, but the deleted ones.</summary>
internal sealed class VideoJobs(SimulatedEngine engine, VideoEngine videos, Action<string> log)
{
    /// <summary>How long whoever deletes a job waits for its end.</summary>
    private static readonly TimeSpan _cancelTimeout = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, VideoJob> _jobs = new(StringComparer.Ordinal);
    private long _created;

    /// <summary>Puts a job behind the others.</summary>
    public VideoJob Create(VideoRequest request, string model)
    {
        var now = engine.Time.GetUtcNow();
        var id = $"video_gen_{Guid.CreateVersion7(now):N}";
        var spec = request.Spec(now.UtcTicks);
        var job = new VideoJob(Interlocked.Increment(ref _created), id, model, request, spec, now.ToUnixTimeSeconds(), videos.DurationOf(spec));
        _jobs[id] = job;
        job.Run = RunAsync(job);
        return job;
    }

    public VideoJob? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <summary>Those of one second are in the order in which they came, whichever way the list goes: so the engine's sort leaves them.</summary>
    public IEnumerable<VideoJob> List(bool newestFirst)
    {
        var jobs = _jobs.Values.OrderBy(job => job.Number);
        return newestFirst ? jobs.OrderByDescending(job => job.CreatedAt) : jobs.OrderBy(job => job.CreatedAt);
    }

    /// <summary>Cancels a job that has not ended, and forgets it and its file.</summary>
    /// <returns>False when it cannot be cancelled; then it stays.</returns>
    public async Task<bool> TryDeleteAsync(VideoJob job)
    {
        await job.Cancellation.CancelAsync();
        try
        {
            await job.Run.WaitAsync(_cancelTimeout, engine.Time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            return false;
        }

        _jobs.TryRemove(job.Id, out _);
        return true;
    }

    /// <summary>Cancels all jobs.</summary>
    public async Task StopAsync()
    {
        foreach (var job in _jobs.Values)
        {
            await job.Cancellation.CancelAsync();
            await job.Run;
        }
    }

    private async Task RunAsync(VideoJob job)
    {
        var time = engine.Time;
        var started = time.GetTimestamp();
        try
        {
            var file = await videos.MakeAsync(job.Spec, () =>
            {
                started = time.GetTimestamp();
                job.State = new VideoState(VideoStatus.InProgress, started);
            }, job.Cancellation.Token);
            if (file is null)
            {
                _jobs.TryRemove(job.Id, out _);
                return;
            }

            job.State = new VideoState(VideoStatus.Completed, started, Now(), File: file, InferenceSeconds: time.GetElapsedTime(started).TotalSeconds);
            log($"Video request {job.Id} persisted {job.FileName} output file.");
        }
        catch (OperationCanceledException) when (job.Cancellation.IsCancellationRequested)
        {
            _jobs.TryRemove(job.Id, out _);
        }
        catch (Exception exception)
        {
            log($"Video generation failed for id={job.Id}: {exception.Message}");
            var failure = exception as VideoException ?? new VideoException(StatusCodes.Status500InternalServerError, exception.Message);
            job.State = new VideoState(
                VideoStatus.Failed, started, Now(), failure, InferenceSeconds: time.GetElapsedTime(started).TotalSeconds);
        }
    }

    private long Now() => engine.Time.GetUtcNow().ToUnixTimeSeconds();
}
