using System.Net;
using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>Anthropic's messages as clients ask for them and as vLLM sends them.</summary>
internal static class MessageApi
{
    public const string Path = "/v1/messages";
    public const string TokensPath = "/v1/messages/count_tokens";
    public const string StreamBody = """{"model":"m","max_tokens":32,"stream":true,"messages":[{"role":"user","content":"hi"}]}""";
    public const string PlainBody = """{"model":"m","max_tokens":32,"messages":[{"role":"user","content":"hi"}]}""";
    public const string TokensBody = """{"model":"m","messages":[{"role":"user","content":"hi"}]}""";

    /// <summary>As its usage record has it: 5 asked of no cache and 4 read from it.</summary>
    public static readonly TokenCounts Tokens = new(9, 4, 6, 0);

    // Of an engine that does not know yet what its cache had.
    public static string Start => Event("message_start", ""","message":{"id":"c","content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":9,"output_tokens":0}}""");

    public static string Opened => Event("content_block_start", ""","index":0,"content_block":{"type":"text","text":""}""");

    public static string Closed => Event("content_block_stop", ",\"index\":0");

    public static string Counts => Delta("\"end_turn\"");

    public static string Stop => Event("message_stop", "");

    /// <summary>A whole stream.</summary>
    public static string Events => Start + Opened + Text("Hé") + Text(" {\\\"type\\\":\\\"message_stop\\\"}") + Closed + Counts + Stop;

    public static string Text(string text) => Event("content_block_delta", $",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}");

    public static string Delta(string stopReason, string usage = """{"input_tokens":5,"output_tokens":6,"cache_read_input_tokens":4,"cache_creation_input_tokens":0}""") =>
        Event("message_delta", $",\"delta\":{{\"stop_reason\":{stopReason}}},\"usage\":{usage}");

    public static string Event(string type, string members) => $"event: {type}\ndata: {{\"type\":\"{type}\"{members}}}\n\n";

    public static string Reply(string stopReason = ",\"stop_reason\":\"end_turn\"") =>
        $$$"""{"id":"c","type":"message","role":"assistant","content":[{"type":"text","text":"Hé"}],"model":"m"{{{stopReason}}},"usage":{"input_tokens":5,"output_tokens":6,"cache_read_input_tokens":4}}""";

    /// <summary>Checks the status and Anthropic's shape, and returns the error.</summary>
    public static async Task<JsonElement> AnthropicErrorAsync(this Task<HttpResponseMessage> response, HttpStatusCode status, string type, string? code)
    {
        using var answer = await response.Within();
        var text = await answer.TextAsync();
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode}: {text}");
        var id = Assert.Single(answer.Headers.GetValues("request-id"));
        Assert.Equal(id, Assert.Single(answer.Headers.GetValues("x-request-id")));
        return ErrorOf(text, type, code, id);
    }

    private static JsonElement ErrorOf(string json, string type, string? code, string? id)
    {
        var root = JsonDocument.Parse(json).RootElement;
        Assert.Equal("error", root.GetProperty("type").GetString());
        Assert.True(Guid.TryParse(root.GetProperty("request_id").GetString(), out _));
        Assert.Equal(id ?? root.GetProperty("request_id").GetString(), root.GetProperty("request_id").GetString());
        var error = root.GetProperty("error");
        Assert.Equal((type, code), (error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.True(error.TryGetProperty("param", out _));
        return error;
    }
}
