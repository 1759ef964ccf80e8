using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>How curl asks on one surface, and where the answer stands.</summary>
/// <param name="BodyOf">The body but for its model; null for a GET.</param>
/// <param name="TextOf">Of a plain reply.</param>
/// <param name="PartOf">Of a stream's event.</param>
/// <param name="SoundOf">Of a stream's event, where plain replies are bytes.</param>
internal sealed record CurlSurface(
    string Name, string Path, Func<Call, JsonObject>? BodyOf, Func<JsonObject, string?> TextOf, Func<JsonObject, string?>? PartOf = null,
    Func<JsonObject, byte[]?>? SoundOf = null)
{
    public static IReadOnlyList<CurlSurface> All { get; } =
    [
        new("chat.completions", "v1/chat/completions",
            call => Streamed(call, new JsonObject { ["messages"] = Question(call), ["temperature"] = 0 }),
            reply => (string?)Choice(reply)?["message"]?["content"], chunk => (string?)Choice(chunk)?["delta"]?["content"]),
        new("completions", "v1/completions",
            call => Streamed(call, new JsonObject { ["prompt"] = call.Prompt, ["temperature"] = 0, ["max_tokens"] = call.IsLong ? 3000 : 60 }),
            reply => (string?)Choice(reply)?["text"], chunk => (string?)Choice(chunk)?["text"]),
        new("responses", "v1/responses",
            call => Typed(call, new JsonObject { ["input"] = call.Prompt, ["temperature"] = 0 }),
            reply => string.Concat(reply["output"]!.AsArray().SelectMany(o => o!["content"]?.AsArray() ?? []).Select(c => (string?)c!["text"])),
            item => (string?)item["type"] == "response.output_text.delta" ? (string?)item["delta"] : null),
        new("messages", "v1/messages",
            call => Typed(call, new JsonObject { ["messages"] = Question(call), ["temperature"] = 0, ["max_tokens"] = call.IsLong ? 3000 : 300 }),
            reply => string.Concat(reply["content"]!.AsArray().Select(c => (string?)c!["text"])),
            item => (string?)item["delta"]?["text"]),
        new("messages.count_tokens", "v1/messages/count_tokens", call => new JsonObject { ["messages"] = Question(call) }, reply => $"{reply["input_tokens"]} tokens"),
        new("tokenize", "tokenize", call => new JsonObject { ["prompt"] = call.Prompt }, reply => $"{reply["count"]} tokens"),
        new("detokenize", "detokenize", _ => new JsonObject { ["tokens"] = new JsonArray(72, 105) }, reply => (string?)reply["prompt"]),
        new("audio.speech", "v1/audio/speech",
            call => Speech(call), _ => null, _ => null, item => (string?)item["audio"] is { } sound ? Convert.FromBase64String(sound) : null),
        new("embeddings", "v1/embeddings",
            call => new JsonObject { ["input"] = new JsonArray(call.Prompt, "two") },
            reply => $"{reply["data"]!.AsArray().Count} × {reply["data"]![0]!["embedding"]!.AsArray().Count}"),
        new("rerank", "v1/rerank",
            call => new JsonObject { ["query"] = call.Prompt, ["documents"] = new JsonArray("a quiet harbour", "a loud factory") },
            reply => $"{reply["results"]!.AsArray().Count} results"),
        new("score", "v1/score",
            call => new JsonObject { ["text_1"] = call.Prompt, ["text_2"] = new JsonArray("a quiet harbour", "a loud factory") },
            reply => $"{reply["data"]!.AsArray().Count} scores"),
        new("models", "v1/models", null, reply => string.Join(' ', reply["data"]!.AsArray().Select(m => (string)m!["id"]!))),
    ];

    public Way[] Ways => PartOf is null ? [Way.Plain] : [Way.Plain, Way.Stream];

    // Of a reply, of the response within an event, or of a message's end: its start has the prompt's counts, which come again there.
    public Counts? UsageOf(JsonObject reply) => (reply["usage"] ?? reply["response"]?["usage"]) is JsonObject usage
        && (long?)(usage["prompt_tokens"] ?? usage["input_tokens"] ?? usage["total_tokens"]) is { } prompt
        ? new Counts(prompt, (long?)(usage["completion_tokens"] ?? usage["output_tokens"]) ?? 0)
        : null;

    private static JsonNode? Choice(JsonObject reply) => reply["choices"]?.AsArray() is { Count: > 0 } choices ? choices[0] : null;

    private static JsonArray Question(Call call) => [new JsonObject { ["role"] = "user", ["content"] = call.Prompt }];

    private static JsonObject Typed(Call call, JsonObject body)
    {
        body["stream"] = call.Way == Way.Stream;
        return body;
    }

    private static JsonObject Speech(Call call)
    {
        var body = new JsonObject { ["input"] = call.Prompt, ["voice"] = "vivian", ["response_format"] = "pcm" };
        if (call.Way == Way.Stream)
        {
            body["stream_format"] = "sse";
        }
        return body;
    }

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
