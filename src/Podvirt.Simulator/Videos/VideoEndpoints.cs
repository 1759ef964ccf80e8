using System.Globalization;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Videos;

/// <summary>vllm-omni's <c>/v1/videos</c> and what is under it.</summary>
internal sealed class VideoEndpoints(SimulatedEngine engine, VideoEngine videos, VideoJobs jobs, ServedModels models)
{
    private const int LimitMax = 100;

    public IEnumerable<EngineRoute> Routes() =>
    [
        new("POST", "/v1/videos", CreateAsync, Inference: true),
        new("GET", "/v1/videos", ListAsync),
        new("POST", "/v1/videos/sync", MakeAsync, Inference: true),
        new("GET", "/v1/videos/{id}", GetAsync),
        new("DELETE", "/v1/videos/{id}", DeleteAsync),
        new("GET", "/v1/videos/{id}/content", GetContentAsync),
    ];

    private async Task CreateAsync(HttpContext context)
    {
        var (request, model) = await ReadAsync(context);
        var job = jobs.Create(request, model);
        // As it was accepted, however far it is by now.
        await Json.ReplyAsync(context, writer => VideoViews.Write(writer, job, VideoState.New, engine.Time));
    }

    /// <summary>The video itself for an answer, once it is made.</summary>
    private async Task MakeAsync(HttpContext context)
    {
        var (request, model) = await ReadAsync(context);
        var now = engine.Time.GetUtcNow();
        var started = engine.Time.GetTimestamp();
        var limit = engine.Options.VideoSyncTimeout;
        using var timeout = new CancellationTokenSource(limit, engine.Time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, timeout.Token);
        byte[] file;
        try
        {
            file = await videos.MakeAsync(request.Spec(now.UtcTicks), () => { }, ended.Token)
                ?? throw RequestException.Http(StatusCodes.Status500InternalServerError, "Video generation failed: no output.");
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            throw RequestException.Http(
                StatusCodes.Status504GatewayTimeout, string.Create(CultureInfo.InvariantCulture, $"Video generation timed out after {limit.TotalSeconds:0.0##}s."));
        }
        catch (VideoException exception)
        {
            throw RequestException.Http(
                exception.Code, exception.Code == StatusCodes.Status500InternalServerError ? $"Video generation failed: {exception.Message}" : exception.Message);
        }

        var headers = context.Response.Headers;
        headers["X-Request-Id"] = $"video_sync-{Guid.CreateVersion7(now):N}";
        headers["X-Model"] = model;
        headers["X-Inference-Time-S"] = engine.Time.GetElapsedTime(started).TotalSeconds.ToString("F3", CultureInfo.InvariantCulture);
        headers["X-Stage-Durations"] = "{}";
        headers["X-Peak-Memory-MB"] = "0.000";
        await VideoContent.SendAsync(context, file, engine.Faults);
    }

    private Task ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var limit = (int?)null;
        if (query["limit"].ToString() is { Length: > 0 } text)
        {
            limit = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= LimitMax
                ? number
                : throw RequestException.Malformed($"Input should be a whole number from 0 to {LimitMax}: limit", "limit");
        }

        var newestFirst = query["order"].ToString() switch
        {
            "" or "desc" => true,
            "asc" => false,
            _ => throw RequestException.Malformed("Input should be 'asc' or 'desc': order", "order"),
        };
        var all = jobs.List(newestFirst).ToList();
        if (query["after"].ToString() is { Length: > 0 } after)
        {
            // Nothing comes after one that is not there.
            var at = all.FindIndex(job => job.Id == after);
            all = at < 0 ? [] : all[(at + 1)..];
        }

        var page = limit is { } most && most < all.Count ? all[..most] : all;
        return Json.ReplyAsync(context, writer => VideoViews.WriteList(writer, page, page.Count < all.Count, engine.Time));
    }

    private Task GetAsync(HttpContext context)
    {
        var job = Find(context);
        return Json.ReplyAsync(context, writer => VideoViews.Write(writer, job, engine.Time), job.State.Failure?.Code ?? StatusCodes.Status200OK);
    }

    private async Task DeleteAsync(HttpContext context)
    {
        var job = Find(context);
        if (!await jobs.TryDeleteAsync(job))
        {
            throw RequestException.Http(StatusCodes.Status409Conflict, "Cancellation in progress. Please try again later.");
        }

        await Json.ReplyAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", job.Id);
            writer.WriteBoolean("deleted", true);
            writer.WriteString("object", "video.deleted");
            writer.WriteEndObject();
        });
    }

    private Task GetContentAsync(HttpContext context)
    {
        var job = Find(context);
        if (job.State.Status == VideoStatus.Failed)
        {
            throw RequestException.Http(
                StatusCodes.Status422UnprocessableEntity, "Video generation failed. Check job status for error details.");
        }

        var file = job.State.File ?? throw RequestException.Http(StatusCodes.Status404NotFound, "Generation is still in-progress");
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{job.FileName}\"";
        return VideoContent.SendAsync(context, file, engine.Faults);
    }

    private VideoJob Find(HttpContext context) =>
        jobs.Find(context.Request.RouteValues["id"] as string ?? "") ?? throw RequestException.Http(StatusCodes.Status404NotFound, "Video not found");

    private async Task<(VideoRequest Request, string Model)> ReadAsync(HttpContext context)
    {
        var form = await VideoForm.ReadAsync(context);
        var request = VideoRequest.From(form);
        if (engine.Options.Kind != ModelKind.Video)
        {
            throw RequestException.Http(StatusCodes.Status503ServiceUnavailable, "Video generation handler not initialized.");
        }

        var served = models.Resolve(null);
        if (request.Model is { } asked && !engine.Options.ServedModelNames.Contains(asked))
        {
            throw RequestException.Http(
                StatusCodes.Status400BadRequest, $"Model mismatch: request specifies '{asked}' but server is running '{served}'.");
        }

        VideoReference.Check(form);
        return (request, served);
    }
}
