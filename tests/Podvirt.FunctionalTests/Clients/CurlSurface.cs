using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>How curl asks on one surface, and where the answer stands.</summary>
/// <param name="BodyOf">The body but for its model; null for a GET.</param>
/// <param name="TextOf">Of a plain reply.</param>
/// <param name="PartOf">Of a stream's event.</param>
internal sealed record CurlSurface(
    string Name, string Path, Func<Call, JsonObject>? BodyOf, Func<JsonObject, string?> TextOf, Func<JsonObject, string?>? PartOf = null)
{
    public static IReadOnlyList<CurlSurface> All { get; } =
    [
        new("chat.completions", "v1/chat/completions",
            call => Streamed(call, new JsonObject { ["messages"] = Question(call), ["temperature"] = 0 }),
            reply => (string?)Choice(reply)?["message"]?["content"], chunk => (string?)Choice(chunk)?["delta"]?["content"]),
        new("completions", "v1/completions",
            call => Streamed(call, new JsonObject { ["prompt"] = call.Prompt, ["temperature"] = 0, ["max_tokens"] = call.IsLong ? 3000 : 60 }),
            reply => (string?)Choice(reply)?["text"], chunk => (string?)Choice(chunk)?["text"]),
        new("embeddings", "v1/embeddings",
            call => new JsonObject { ["input"] = new JsonArray(call.Prompt, "two") },
            reply => $"{reply["data"]!.AsArray().Count} × {reply["data"]![0]!["embedding"]!.AsArray().Count}"),
        new("models", "v1/models", null, reply => string.Join(' ', reply["data"]!.AsArray().Select(m => (string)m!["id"]!))),
    ];

    public Way[] Ways => PartOf is null ? [Way.Plain] : [Way.Plain, Way.Stream];

    public Counts? UsageOf(JsonObject reply) => reply["usage"] is JsonObject usage
        ? new Counts((long)(usage["prompt_tokens"] ?? usage["input_tokens"])!, (long?)(usage["completion_tokens"] ?? usage["output_tokens"]) ?? 0)
        : null;

    private static JsonNode? Choice(JsonObject reply) => reply["choices"]?.AsArray() is { Count: > 0 } choices ? choices[0] : null;

    private static JsonArray Question(Call call) => [new JsonObject { ["role"] = "user", ["content"] = call.Prompt }];

    private static JsonObject Streamed(Call call, JsonObject body)
    {
        if (call.Way == Way.Stream)
        {
            body["stream"] = true;
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
        }
        return body;
    }
}
