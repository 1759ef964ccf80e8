using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Videos.Files;
using Podvirt.Gateway.Videos.Forms;

namespace Podvirt.Gateway.Videos;

/// <summary>
/// All jobs that are worked on, each by a task of its own; what is not finished when the host stops is in the book, and the next start goes on
/// with it. Sweeps what has had its time.
/// </summary>
internal sealed partial class VideoRuns : BackgroundService
{
    private static readonly TimeSpan s_sweepInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_brokenRetry = TimeSpan.FromSeconds(5);

    private readonly VideoBook _book;
    private readonly VideoBilling _billing;
    private readonly VideoRunner _runner;
    private readonly VideoAdmission _admission;
    private readonly VideoSpool _spool;
    private readonly IVideoFiles _files;
    private readonly VideoTakeover? _takeover;
    private readonly RouteDirectory _routes;
    private readonly RateWatch _rates;
    private readonly TimeProvider _time;
    private readonly ILogger<VideoRuns> _logger;
    private readonly VideoMetrics _metrics;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Guid, VideoRun> _runs = new();

    public VideoRuns(
        VideoBook book, VideoBilling billing, VideoRunner runner, VideoAdmission admission, VideoSpool spool, IVideoFiles files, RouteDirectory routes,
        RateWatch rates, TimeProvider time, ILogger<VideoRuns> logger, IMeterFactory? meters = null, VideoTakeover? takeover = null)
    {
        _book = book;
        _billing = billing;
        _runner = runner;
        _admission = admission;
        _spool = spool;
        _files = files;
        _takeover = takeover;
        _routes = routes;
        _rates = rates;
        _time = time;
        _logger = logger;
        _metrics = new VideoMetrics(book, spool, meters);
    }

    public int Running => _runs.Count;

    /// <summary>Before anybody counts what the month has used: records of jobs that were interrupted at their end are part of it.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await _book.LoadAsync(cancellationToken);
        if (!_spool.CanBeTakenOver)
        {
            LogNotShared();
        }
        foreach (var job in _book.All().Where(j => j.Stage == VideoStage.Settling && !_book.IsOthers(j)))
        {
            if (await _billing.TryAppendAsync(job, cancellationToken))
            {
                await _billing.ShowAsync(job);
            }
        }
        _spool.Sweep();
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Works a job off, on its own.</summary>
    public VideoRun Begin(VideoJob job, VideoReservation held)
    {
        var run = new VideoRun(job.Id, held, _stopping.Token);
        if (!_runs.TryAdd(job.Id, run))
        {
            throw new InvalidOperationException($"The job {job.Id} runs already.");
        }
        run.Ended = RunAsync(run);
        return run;
    }

    /// <summary>Ends a job, or takes one that has ended away.</summary>
    /// <param name="deleted">Nobody wants to see it any more.</param>
    /// <returns>False: it was not there.</returns>
    public async Task<bool> CancelAsync(Guid id, Surfaces.ApiError why, bool deleted)
    {
        var wasThere = false;
        // Whoever works on it: a gateway that does sees it by this.
        var job = await _book.ChangeAnyAsync(id, j =>
        {
            wasThere = j.End is not { IsDeleted: true };
            return !wasThere ? null
                : j.End is null ? j with { Stage = VideoStage.Settling, End = _billing.Ended(j, UsageOutcome.Cancelled, why, deleted) }
                : deleted ? j with { End = j.End with { IsDeleted = true } } : null;
        });
        if (job is null || !wasThere)
        {
            return false;
        }
        if (_runs.TryGetValue(id, out var run))
        {
            // Whoever works on it sees how it ended.
            run.Cancel();
        }
        else
        {
            await _runner.CleanUpAsync(id);
        }
        return true;
    }

    public VideoRun? Find(Guid id) => _runs.GetValueOrDefault(id);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_runs.Values.Select(r => r.Ended)).WaitAsync(cancellationToken);
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _metrics.Dispose();
        _stopping.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Before the rates are known an end would seem free.
        await _routes.FirstTable.WaitAsync(stoppingToken);
        await _rates.FirstListing.WaitAsync(stoppingToken);
        foreach (var job in _book.All())
        {
            if (!job.HasEnded)
            {
                if (!_book.IsOthers(job))
                {
                    Begin(job, _admission.Resume(job));
                }
            }
            else if (job.End!.IsDeleted)
            {
                await _runner.CleanUpAsync(job.Id);
            }
        }
        await SweepFilesAsync(stoppingToken);
        var taking = _takeover?.RunAsync(Changed, job => Begin(job, _admission.Resume(job)), stoppingToken) ?? Task.CompletedTask;
        await Task.WhenAll(taking, SweepAsync(stoppingToken));
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_sweepInterval, _time);
        do
        {
            await SweepExpiredAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    // What another gateway wrote: an end that was asked for there, or that it works on the job now.
    private void Changed(VideoJob job)
    {
        if ((job.End is not null || _book.IsOthers(job)) && _runs.TryGetValue(job.Id, out var run))
        {
            run.Cancel();
        }
    }

    /// <summary>Takes away what has had its time.</summary>
    internal async Task SweepExpiredAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        foreach (var job in _book.All().Where(j => j.HasEnded && j.ExpiresAt <= now))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await CancelAsync(job.Id, VideoErrors.Left, deleted: true);
            LogExpired(job.Id, job.Project);
        }
    }

    /// <summary>A video whose job is not in the book: its deletion was interrupted.</summary>
    private async Task SweepFilesAsync(CancellationToken cancellationToken)
    {
        try
        {
            List<string> unknown = [];
            await foreach (var name in _files.ListAsync(cancellationToken))
            {
                if (_book.Find(Guid.ParseExact(name, "n")) is null)
                {
                    unknown.Add(name);
                }
            }
            if (unknown.Count > 0 && _book.IsShared)
            {
                // Other gateways go on making them: jobs are written down before their files are.
                await _book.LoadAsync(cancellationToken);
                unknown.RemoveAll(name => _book.Find(Guid.ParseExact(name, "n")) is not null);
            }
            foreach (var name in unknown)
            {
                await _files.DeleteAsync(name, cancellationToken);
                LogOrphan(name);
            }
            await _spool.SweepSharedAsync(_time.GetUtcNow(), cancellationToken);
        }
        catch (VideoFilesException e)
        {
            LogNotSwept(e);
        }
    }

    private async Task RunAsync(VideoRun run)
    {
        // Whoever begins it goes on at once.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var stopping = _stopping.Token;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await _runner.RunAsync(run, stopping);
                break;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                // The next start goes on.
                break;
            }
            catch (Exception e) when (_book.Find(run.Id) is { } job && _book.IsOthers(job))
            {
                // This gateway was taken for dead. The other one goes on from what is written down.
                LogTaken(e, run.Id);
                break;
            }
            catch (Exception e)
            {
                // The state store or the disk: what is written down of the job is true, and it goes on from there.
                LogBroken(e, run.Id);
            }
            await Task.Delay(s_brokenRetry, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        _runs.TryRemove(run.Id, out _);
        if (_book.Find(run.Id) is { HasEnded: true, End.IsDeleted: true })
        {
            // Deleted while this was ending: who deleted it left the rest to it.
            await _runner.CleanUpAsync(run.Id);
        }
        await run.Dismissal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        run.Dispose();
    }

    [LoggerMessage(1614, LogLevel.Error, "Video job {JobId} could not go on; it is tried again.")]
    private partial void LogBroken(Exception exception, Guid jobId);

    [LoggerMessage(1622, LogLevel.Warning, "Video job {JobId} is worked on by another gateway now, which took this one for dead.")]
    private partial void LogTaken(Exception exception, Guid jobId);

    [LoggerMessage(1623, LogLevel.Information, "Video jobs are refused: several gateways need a bucket for them (videos.store of kind s3), because what lies in a folder of one of them ends with it.")]
    private partial void LogNotShared();

    [LoggerMessage(1615, LogLevel.Information, "Video job {JobId} of project {Project} has had its time: it is deleted.")]
    private partial void LogExpired(Guid jobId, string project);

    [LoggerMessage(1616, LogLevel.Information, "The video {Name} belongs to no job: it is deleted.")]
    private partial void LogOrphan(string name);

    [LoggerMessage(1617, LogLevel.Warning, "The file store could not be swept of what belongs to no job: the next start tries again.")]
    private partial void LogNotSwept(Exception exception);
}
