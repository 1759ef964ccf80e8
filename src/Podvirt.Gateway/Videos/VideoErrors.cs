using Podvirt.Core.Models;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos;

/// <summary>Every refusal of the video calls, and every reason of a job that failed, that is Podvirt's own.</summary>
internal static class VideoErrors
{
    // What a project or the spool holds comes back as jobs end.
    private static readonly TimeSpan s_heldRetry = TimeSpan.FromSeconds(10);

    public static ApiError WrongContentType { get; } = new(
        400, ApiError.InvalidRequest, "invalid_content_type", "Send multipart/form-data with a boundary, or application/json where there is no file.");

    public static ApiError NotFound(string name) => new(
        404, ApiError.InvalidRequest, "video_not_found", $"There is no video '{Shorten(name)}'.", "id");

    public static ApiError NotReady(VideoJob job) => new(
        404, ApiError.InvalidRequest, "video_not_ready", $"The video '{job.Name}' is not finished. GET /v1/videos/{job.Name} shows how far it is.", "id");

    public static ApiError HasFailed(VideoJob job) => new(
        422, ApiError.InvalidRequest, "video_failed", $"The video '{job.Name}' was not made: {job.End!.Message}", "id");

    public static ApiError FileGone(VideoJob job) => new(
        404, ApiError.InvalidRequest, "video_file_missing", $"The file of video '{job.Name}' is gone from the file store.", "id");

    public static ApiError NotInRange(long bytes) => new(
        416, ApiError.InvalidRequest, "range_not_satisfiable", $"The video has {bytes} bytes: the range begins behind them.", "Range");

    public static ApiError OnlyVideo { get; } = new(
        400, ApiError.InvalidRequest, "invalid_value", "'variant' takes 'video' only: no other file of it is kept.", "variant");

    public static ApiError InvalidForm(string what) => new(400, ApiError.InvalidRequest, "invalid_form", what);

    public static ApiError Invalid(string param, string what) => new(400, ApiError.InvalidRequest, "invalid_value", what, param);

    public static ApiError WrongType(ModelSpec model) => new(
        400, ApiError.InvalidRequest, "wrong_model_type", $"`{model.Id}` is a model of type {model.Type.ToName()}. Use {Surface.UseOf(model.Type)}.", "model");

    public static ApiError SpoolFull(long bytes) => new(
        429, ApiError.RateLimit, "rate_limit_exceeded",
        $"Uploads that wait for their models hold the {bytes} bytes that there are for them. Try again when some have been sent.", RetryAfter: s_heldRetry);

    public static ApiError DiskFull { get; } = new(
        503, ApiError.Server, "storage_full", "The disk of this server has no room for uploads and videos. The operator has to make some.",
        RetryAfter: TimeSpan.FromSeconds(60));

    public static ApiError SpoolUnwritable { get; } = new(
        503, ApiError.Server, "storage_unavailable", "The upload could not be written. The operator finds the reason in the server's log.",
        RetryAfter: TimeSpan.FromSeconds(5));

    public static ApiError StoreUnavailable { get; } = new(
        503, ApiError.Server, "storage_unavailable", "The video cannot be read from the file store at present. The operator finds the reason in the server's log.",
        RetryAfter: TimeSpan.FromSeconds(5));

    public static ApiError NotShared { get; } = new(
        503, ApiError.Server, "storage_not_shared", "Videos of several gateways need a file store that all of them reach: the operator has to configure a bucket.");

    public static ApiError ProjectFull(long bytes) => new(
        429, ApiError.Quota, "storage_quota_exceeded",
        $"The project's videos and uploads hold the {bytes} bytes that there are for it. DELETE /v1/videos/{{id}} makes room.", ShouldRetry: false);

    public static ApiError TooManyVideos(int videos) => new(
        429, ApiError.Quota, "storage_quota_exceeded",
        $"The project has {videos} videos, which is as many as are kept. DELETE /v1/videos/{{id}} makes room.", ShouldRetry: false);

    public static ApiError TooManyJobs(string whose, int jobs) => new(
        429, ApiError.RateLimit, "rate_limit_exceeded", $"{jobs} videos of {whose} are not finished, which is as many as are taken. Try again when one is.",
        RetryAfter: s_heldRetry);

    public static ApiError PlanSpent(string model, decimal limit, decimal used, decimal needed, DateTimeOffset end) => new(
        429, ApiError.Quota, "insufficient_quota",
        $"The plan of this project has {limit:0.######} s of video of `{model}` a month, of which {used:0.######} are used, and this request needs {needed:0.######}. The next month begins at {end:yyyy-MM-dd'T'HH:mm:ss'Z'}.",
        ShouldRetry: false);

    public static ApiError EngineLost(string model, int times, string how) => new(
        502, ApiError.Server, "engine_lost", $"The engine of `{model}` lost the job {(times == 1 ? "once" : $"{times} times")}; the last time: {how}");

    public static ApiError EngineFailed(string message) => new(500, ApiError.Server, "generation_failed", message);

    public static ApiError TooLong(string model, TimeSpan time) => new(
        504, ApiError.Server, "video_timeout", $"The engine of `{model}` did not finish within {time.TotalMinutes:0.##} min.");

    public static ApiError FileTooLarge(long bytes) => new(
        502, ApiError.Server, "video_too_large", $"The engine's file is larger than {bytes} bytes.");

    public static ApiError NotStored { get; } = new(
        503, ApiError.Server, "storage_unavailable", "The video was made, but the file store did not take it. The operator finds the reason in the server's log.");

    public static ApiError UploadGone { get; } = new(
        500, ApiError.Server, "upload_lost", "What was uploaded is gone from the data folder.");

    public static ApiError Left { get; } = new(499, ApiError.InvalidRequest, "cancelled", "The client that waited for it left.");

    public static ApiError Deleted { get; } = new(499, ApiError.InvalidRequest, "cancelled", "It was deleted before it was finished.");

    public static ApiError SyncTimeout(TimeSpan time) => new(
        504, ApiError.Server, "video_timeout", $"The video was not finished within {time.TotalMinutes:0.##} min, and is cancelled. POST /v1/videos waits longer.");

    private static string Shorten(string text) => text.Length <= 64 ? text : string.Concat(text.AsSpan(0, 64), "…");
}
