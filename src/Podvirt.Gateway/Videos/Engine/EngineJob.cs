using System.Globalization;
using System.Text.Json;

namespace Podvirt.Gateway.Videos.Engine;

/// <summary>A job as its engine describes it.</summary>
/// <param name="Status">queued, in_progress, completed or failed.</param>
/// <param name="Seconds">Of the video, as text.</param>
/// <param name="Failure">Why it failed; null where the engine does not say.</param>
internal sealed record EngineJob(string Id, string Status, int Progress, string? Seconds, string? Size, string? Failure)
{
    private const int IdCharsMax = 256;
    private const int TextCharsMax = 64;
    private const int FailureCharsMax = 2000;

    public bool IsCompleted => Status == "completed";

    public bool IsFailed => Status is "failed" or "cancelled";

    public bool IsUnfinished => Status is "queued" or "in_progress";

    /// <summary>Null: this is no job.</summary>
    public static EngineJob? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, "id", IdCharsMax) is not { Length: > 0 } id || Text(root, "status", TextCharsMax) is not { } status)
            {
                return null;
            }
            var job = new EngineJob(id, status, ProgressOf(root), Text(root, "seconds", TextCharsMax), Text(root, "size", TextCharsMax), FailureOf(root));
            return job.IsCompleted || job.IsFailed || job.IsUnfinished ? job : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static int ProgressOf(JsonElement root) =>
        root.TryGetProperty("progress", out var progress) && progress.ValueKind == JsonValueKind.Number && progress.TryGetDouble(out var percent)
            ? (int)Math.Clamp(percent, 0, 100)
            : 0;

    private static string? FailureOf(JsonElement root)
    {
        if (!root.TryGetProperty("error", out var error))
        {
            return null;
        }
        return error.ValueKind switch
        {
            JsonValueKind.String => Cut(error.GetString()!, FailureCharsMax),
            JsonValueKind.Object => Text(error, "message", FailureCharsMax),
            _ => null,
        };
    }

    private static string? Text(JsonElement element, string name, int charsMax)
    {
        if (!element.TryGetProperty(name, out var value))
        {
            return null;
        }
        return value.ValueKind switch
        {
            JsonValueKind.String => Cut(value.GetString()!, charsMax),
            JsonValueKind.Number => value.GetDecimal().ToString(CultureInfo.InvariantCulture),
            _ => null,
        };
    }

    private static string Cut(string text, int charsMax) => text.Length <= charsMax ? text : text[..charsMax];
}
