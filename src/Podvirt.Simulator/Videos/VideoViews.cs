using System.Text.Json;

namespace Podvirt.Simulator.Videos;

/// <summary>Jobs as JSON, field by field in the engine's order.</summary>
internal static class VideoViews
{
    public const string MediaType = "video/mp4";

    public static void Write(Utf8JsonWriter writer, VideoJob job, TimeProvider time) => Write(writer, job, job.State, time);

    /// <param name="state">How far the job is to be said to be.</param>
    public static void Write(Utf8JsonWriter writer, VideoJob job, VideoState state, TimeProvider time)
    {
        writer.WriteStartObject();
        writer.WriteString("model", job.Model);
        writer.WriteString("prompt", job.Request.Prompt);
        writer.WriteString("id", job.Id);
        writer.WriteString("object", "video");
        writer.WriteString("status", state.Status switch
        {
            VideoStatus.Queued => "queued",
            VideoStatus.InProgress => "in_progress",
            VideoStatus.Completed => "completed",
            _ => "failed",
        });
        writer.WriteString("size", job.Request.Size);
        writer.WriteNumber("progress", job.Progress(state, time));
        writer.WriteString("seconds", job.Request.Seconds ?? VideoRequest.SecondsDefault);
        writer.WriteString("quality", "default");
        WriteNumber(writer, "completed_at", state.CompletedAt);
        writer.WriteNumber("created_at", job.CreatedAt);
        writer.WriteNull("remixed_from_video_id");
        if (state.Failure is { } failure)
        {
            writer.WriteStartObject("error");
            writer.WriteNumber("code", failure.Code);
            writer.WriteString("message", failure.Message);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteNull("error");
        }

        writer.WriteString("media_type", MediaType);
        writer.WriteNull("expires_at");
        writer.WriteString("file_name", state.File is null ? null : job.FileName);
        WriteNumber(writer, "inference_time_s", state.InferenceSeconds);
        writer.WriteStartObject("stage_durations");
        writer.WriteEndObject();
        writer.WriteNumber("peak_memory_mb", 0);
        writer.WriteEndObject();
    }

    public static void WriteList(Utf8JsonWriter writer, IReadOnlyList<VideoJob> jobs, bool hasMore, TimeProvider time)
    {
        writer.WriteStartObject();
        writer.WriteString("first_id", jobs.Count == 0 ? null : jobs[0].Id);
        writer.WriteString("last_id", jobs.Count == 0 ? null : jobs[^1].Id);
        writer.WriteBoolean("has_more", hasMore);
        writer.WriteStartArray("data");
        foreach (var job in jobs)
        {
            Write(writer, job, time);
        }

        writer.WriteEndArray();
        writer.WriteString("object", "list");
        writer.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
