using System.Globalization;
using System.Text.Json;
using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway.Videos;

/// <summary>A job as clients see it: OpenAI's shape, and under <c>podvirt</c> what is Podvirt's own.</summary>
/// <param name="Status">queued, in_progress, completed or failed.</param>
/// <param name="Progress">0 to 100.</param>
/// <param name="Seconds">Of the video; null: not known yet.</param>
/// <param name="CreatedAt">Seconds since 1970, as all times here.</param>
/// <param name="ExpiresAt">When it is deleted by itself.</param>
public sealed record VideoView(
    string Id, string Object, string Model, string Prompt, string Status, int Progress, string? Seconds, string? Size, long CreatedAt, long? CompletedAt,
    long? ExpiresAt, VideoErrorView? Error, string? RemixedFromVideoId, VideoDetailView Podvirt)
{
    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <param name="model">Its model's replicas and queue; null: it left the catalog.</param>
    internal static VideoView Of(VideoJob job, ModelDispatcher? model, DateTimeOffset now)
    {
        var end = job.HasEnded ? job.End : null;
        return new VideoView(
            job.Name, "video", job.Model, job.Prompt, StatusOf(job.Stage), job.Stage == VideoStage.Completed ? 100 : job.Progress,
            job.Seconds, job.Size, job.CreatedAt.ToUnixTimeSeconds(), job.Stage == VideoStage.Completed ? end!.At.ToUnixTimeSeconds() : null,
            job.ExpiresAt?.ToUnixTimeSeconds(), job.Stage == VideoStage.Failed ? new VideoErrorView(end!.Code, end.Message) : null, null,
            DetailOf(job, end, model, now));
    }

    private static VideoDetailView DetailOf(VideoJob job, VideoEnd? end, ModelDispatcher? model, DateTimeOffset now)
    {
        var waits = job.Stage == VideoStage.Queued;
        var route = waits ? model?.Route : null;
        return new VideoDetailView(
            job.ColdStart || route is { Status: not Core.Replicas.ModelStatus.Active },
            route is null ? null : route.WarmUp?.Phase ?? (route.Status == Core.Replicas.ModelStatus.Active ? "queued" : "starting"),
            waits && model?.ExpectedWait(parked: null) is { } eta ? (long)Math.Ceiling(eta.TotalMilliseconds) : null,
            (long)((job.StartedAt ?? end?.At ?? now) - job.CreatedAt).TotalMilliseconds,
            job.StartedAt?.ToUnixTimeSeconds(), job.Attempts, end?.Cost,
            end is { VideoUs: > 0 } ? (end.VideoUs / 1_000_000m).ToString("0.000000", CultureInfo.InvariantCulture) : null,
            end?.RateVersion, end is { FileBytes: > 0 } ? end.FileBytes : null, job.Replica.Length == 0 ? null : job.Replica, job.Settings);
    }

    private static string StatusOf(VideoStage stage) => stage switch
    {
        VideoStage.Queued => "queued",
        VideoStage.Running or VideoStage.Settling => "in_progress",
        VideoStage.Completed => "completed",
        VideoStage.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(stage), stage, "unknown stage"),
    };
}

/// <summary>Why a job failed.</summary>
public sealed record VideoErrorView(string Code, string Message);

/// <param name="ColdStart">It waited for a start or a wake, or does.</param>
/// <param name="Phase">What it waits for; null: it waits for nothing.</param>
/// <param name="EtaMs">What is left of the wait, by what was measured.</param>
/// <param name="QueuedMs">From the request until it went to an engine.</param>
/// <param name="StartedAt">When it went to the engine that took it last.</param>
/// <param name="Attempts">How often it was sent to an engine.</param>
/// <param name="Cost">USD with twelve decimals; null: it has not ended.</param>
/// <param name="VideoSeconds">As billed, with six decimals.</param>
/// <param name="Settings">Further fields that it was asked for with: seed, fps, num_inference_steps, guidance_scale, negative_prompt.</param>
public sealed record VideoDetailView(
    bool ColdStart, string? Phase, long? EtaMs, long QueuedMs, long? StartedAt, int Attempts, string? Cost, string? VideoSeconds, int? RateVersion, long? FileBytes,
    string? Replica, IReadOnlyDictionary<string, string> Settings);

/// <summary>One page of a project's jobs.</summary>
public sealed record VideoListView(string Object, IReadOnlyList<VideoView> Data, string? FirstId, string? LastId, bool HasMore);

/// <summary>What is left of a deleted job.</summary>
public sealed record VideoDeletedView(string Id, string Object, bool Deleted);
