using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>Pieces of engine answers.</summary>
internal static class Replies
{
    public const string Done = "data: [DONE]\n\n";

    public const string Embedding =
        """{"id":"embd-1","object":"list","model":"m","data":[{"index":0,"object":"embedding","embedding":[0.5,-1]}],"usage":{"prompt_tokens":4,"total_tokens":4,"completion_tokens":0}}""";

    public static string StreamHead(bool keepAlive = true) =>
        "HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\nset-cookie: engine=1\r\n"
        + (keepAlive ? "" : "connection: close\r\n") + "transfer-encoding: chunked\r\n\r\n";

    public static string Chunk(string text) =>
        string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

    public static string Event(string json) => $"data: {json}\n\n";

    /// <summary>One delta with cumulative usage.</summary>
    public static string Delta(string text, int completion, int prompt = 7) => Event(
        $$"""{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"{{text}}"},"finish_reason":null}],"usage":{{Usage(prompt, completion)}} }""");

    public static string Usage(int prompt, int completion) =>
        $$"""{"prompt_tokens":{{prompt}},"total_tokens":{{prompt + completion}},"completion_tokens":{{completion}}}""";
}

/// <summary>A whole answer as an engine of this contract sends it, for any options.</summary>
internal sealed record SampleReply(bool Chat, bool Stream, bool IncludeUsage, bool Continuous, string Newline = "\n")
{
    public const int Prompt = 7;
    public const int Completion = 6;

    private static readonly (string Text, int Tokens)[] s_deltas = [("Hé", 1), (" \\\"usage\\\":{ ", 4), ("}\\n", 6)];

    public static SampleReply For(FakeCall call)
    {
        var json = call.Json;
        var stream = json.TryGetProperty("stream", out var s) && s.ValueKind == JsonValueKind.True;
        var options = json.TryGetProperty("stream_options", out var o) ? o : default;
        return new SampleReply(
            call.RequestLine.Contains("/chat/", StringComparison.Ordinal), stream,
            IsTrue(options, "include_usage"), IsTrue(options, "continuous_usage_stats"));
    }

    public string Plain =>
        """{"id":"c","choices":[{"index":0,"text":null,"message":{"role":"assistant","content":"Hé"}}],"usage":"""
        + Replies.Usage(Prompt, Completion) + ",\"x\":null}";

    /// <summary>All events with <c>[DONE]</c>.</summary>
    public string Events
    {
        get
        {
            var text = new StringBuilder();
            text.Append(": ping\n\n");
            if (Chat)
            {
                text.Append(Chunk("""{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}""", 0));
            }
            foreach (var (delta, tokens) in s_deltas)
            {
                text.Append(Chunk(Chat
                    ? $$"""{"index":0,"delta":{"content":"{{delta}}"},"logprobs":null,"finish_reason":null,"token_ids":null}"""
                    : $$"""{"index":0,"text":"{{delta}}","logprobs":null,"finish_reason":null,"stop_reason":null}""", tokens));
            }
            text.Append(Chunk("""{"index":0,"delta":{},"finish_reason":"stop","stop_reason":null}""", Completion));
            if (IncludeUsage)
            {
                text.Append(Replies.Event(Start + "\"choices\":[],\"usage\":" + Replies.Usage(Prompt, Completion) + "}"));
            }
            text.Append(Replies.Done);
            return text.ToString().Replace("\n", Newline, StringComparison.Ordinal);
        }
    }

    private string Start => Chat
        ? """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","""
        : """{"id":"cmpl-1","object":"text_completion","created":1,"model":"m",""";

    // Chat leaves usage out where there is none, completions say null.
    private string Chunk(string choice, int completion)
    {
        var usage = IncludeUsage && Continuous
            ? $",\"usage\":{Replies.Usage(Prompt, completion)}"
            : Chat ? "" : ",\"usage\":null";
        return Replies.Event($"{Start}\"choices\":[{choice}]{usage}}}");
    }

    private static bool IsTrue(JsonElement options, string name) =>
        options.ValueKind == JsonValueKind.Object && options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
