using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos;

/// <summary>What can be asked about videos, by whoever was found to be allowed to. Another project's video is as if it were not there.</summary>
internal sealed class VideoCalls(
    VideoIntake intake, VideoBook book, VideoRuns runs, VideoContent content, RouteDirectory routes, RateWatch rates, AccountWatch accounts, UsageRecorder recorder,
    GatewayDrain drain, GatewayOptions options, TimeProvider time)
{
    private const int LimitDefault = 20;
    private const int LimitMax = 100;

    private static readonly TimeSpan s_lingerTime = TimeSpan.FromSeconds(5);

    /// <summary>Takes a job in.</summary>
    public async Task CreateAsync(HttpContext context, Caller caller, Guid id, int status)
    {
        if (await TakeAsync(context, caller, id) is { } run)
        {
            await WriteAsync(context, ViewOf(book.Find(run.Id)!), status);
        }
    }

    /// <summary>The same, and the video is the answer. A client that leaves cancels it.</summary>
    public async Task CreateAndWaitAsync(HttpContext context, Caller caller, Guid id)
    {
        if (await TakeAsync(context, caller, id) is not { } run)
        {
            return;
        }
        if (await WaitAsync(run, context) is not { } job)
        {
            return;
        }
        if (job is not { Stage: VideoStage.Completed })
        {
            await ApiErrorWriter.WriteReplyAsync(context, ErrorOf(job));
            return;
        }
        var headers = context.Response.Headers;
        headers["X-Model"] = job.Model;
        headers["X-Inference-Time-S"] = (job.End!.At - job.StartedAt!.Value).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
        headers["x-podvirt-video-id"] = job.Name;
        headers["x-podvirt-replica"] = job.Replica;
        await content.SendAsync(context, job, isDownload: false);
    }

    /// <summary>
    /// Waits for a job's end. One whose client leaves is cancelled, and so is one that takes too long or is in the way of the server's stop:
    /// a client that is told so asks again.
    /// </summary>
    /// <returns>As it ended; null: the client has left.</returns>
    public async Task<VideoJob?> WaitAsync(VideoRun run, HttpContext context)
    {
        using var running = drain.Enter();
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, drain.Deadline);
        try
        {
            await run.Ended.WaitAsync(options.Videos.SyncTimeMax, time, cut.Token);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            var why = e is TimeoutException ? VideoErrors.SyncTimeout(options.Videos.SyncTimeMax)
                : context.RequestAborted.IsCancellationRequested ? VideoErrors.Left : ApiErrors.ShuttingDown;
            await runs.CancelAsync(run.Id, why, deleted: false);
            if (book.Find(run.Id) is { End.Outcome: Core.Usage.UsageOutcome.Completed })
            {
                // It was finished in the same moment.
                await run.Ended;
            }
        }
        return context.RequestAborted.IsCancellationRequested ? null : book.Find(run.Id);
    }

    /// <summary>Why there is no video; where the host stops there may still be one.</summary>
    public static ApiError ErrorOf(VideoJob job) => job is { End: { } end }
        ? new ApiError(end.Status < 400 ? 502 : end.Status, end.Status >= 500 ? ApiError.Server : ApiError.InvalidRequest, end.Code, end.Message)
        : ApiErrors.ShuttingDown;

    /// <param name="project">Null: of all.</param>
    public async Task ListAsync(HttpContext context, string? project)
    {
        var query = context.Request.Query;
        var limit = LimitDefault;
        if (query.TryGetValue("limit", out var asked)
            && !(int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= LimitMax))
        {
            await ApiErrorWriter.WriteReplyAsync(context, VideoErrors.Invalid("limit", $"'limit' takes a whole number from 1 to {LimitMax}."));
            return;
        }
        var order = (string?)query["order"] ?? "desc";
        if (order is not ("asc" or "desc"))
        {
            await ApiErrorWriter.WriteReplyAsync(context, VideoErrors.Invalid("order", "'order' takes asc or desc."));
            return;
        }
        Guid? after = null;
        if ((string?)query["after"] is { Length: > 0 } name)
        {
            if (!VideoJob.TryParseName(name, out var last))
            {
                await ApiErrorWriter.WriteReplyAsync(context, VideoErrors.Invalid("after", "'after' takes the id of the last video of the page before."));
                return;
            }
            after = last;
        }
        var model = (string?)query["model"] is { Length: > 0 } id ? id : null;
        var page = book.List(project, model, after, limit + 1, order == "asc").Select(ViewOf).ToList();
        var hasMore = page.Count > limit;
        if (hasMore)
        {
            page.RemoveAt(limit);
        }
        await WriteAsync(context, new VideoListView("list", page, page.FirstOrDefault()?.Id, page.LastOrDefault()?.Id, hasMore));
    }

    public async Task ShowAsync(HttpContext context, string? project, string name)
    {
        if (await FindAsync(context, project, name) is { } job)
        {
            await WriteAsync(context, ViewOf(job));
        }
    }

    public async Task SendAsync(HttpContext context, string? project, string name, bool isDownload)
    {
        if (await FindAsync(context, project, name) is { } job)
        {
            await content.SendAsync(context, job, isDownload);
        }
    }

    public async Task DeleteAsync(HttpContext context, string? project, string name)
    {
        if (await FindAsync(context, project, name) is not { } job)
        {
            return;
        }
        if (await runs.CancelAsync(job.Id, VideoErrors.Deleted, deleted: true))
        {
            await WriteAsync(context, new VideoDeletedView(job.Name, "video.deleted", true));
            return;
        }
        await ApiErrorWriter.WriteReplyAsync(context, VideoErrors.NotFound(name));
    }

    public static async Task WriteAsync<T>(HttpContext context, T value, int status = StatusCodes.Status200OK)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, VideoView.Json);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        await context.Response.BodyWriter.WriteAsync(json, context.RequestAborted);
    }

    /// <summary>Why no job is taken now; null: one is.</summary>
    public async ValueTask<ApiError?> CheckAsync(HttpContext context)
    {
        if (drain.IsDraining)
        {
            return ApiErrors.ShuttingDown;
        }
        if (!recorder.IsHealthy)
        {
            return ApiErrors.UsageNotKept;
        }
        return await FirstNews.HasComeAsync(routes.FirstTable, time, context.RequestAborted)
            && await FirstNews.HasComeAsync(rates.FirstListing, time, context.RequestAborted)
            && await FirstNews.HasComeAsync(accounts.Ready, time, context.RequestAborted)
            ? null
            : ApiErrors.NotReady;
    }

    private VideoView ViewOf(VideoJob job)
    {
        routes.TryFind(job.Model, out var model);
        return VideoView.Of(job, model, time.GetUtcNow());
    }

    // Null: it is refused, and the client told.
    private async Task<VideoRun?> TakeAsync(HttpContext context, Caller caller, Guid id)
    {
        using var running = drain.Enter();
        var error = ClientHeaders.CheckFraming(context.Request)
            ?? ClientHeaders.Read(context.Request, options.Videos.UploadBytesMax, out _)
            ?? await CheckAsync(context);
        VideoRun? run = null;
        if (error is null)
        {
            (run, error) = await intake.TakeAsync(context, caller, id);
        }
        if (error is not null)
        {
            await RefuseAsync(context, error);
        }
        return run;
    }

    // What is left of an upload nobody reads: nothing that follows on the connection is a request.
    private async Task RefuseAsync(HttpContext context, ApiError error)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }
        await ApiErrorWriter.WriteReplyAsync(context, error);
        if (drain.IsDraining && !await RequestBody.TryDrainAsync(context, s_lingerTime, time))
        {
            context.Abort();
        }
    }

    private async Task<VideoJob?> FindAsync(HttpContext context, string? project, string name)
    {
        if (VideoJob.TryParseName(name, out var id)
            && (book.Find(id) ?? await book.FetchAsync(project, id, context.RequestAborted)) is { End: not { IsDeleted: true } } job
            && (project is null || job.Project == project))
        {
            return job;
        }
        await ApiErrorWriter.WriteReplyAsync(context, VideoErrors.NotFound(name));
        return null;
    }
}
