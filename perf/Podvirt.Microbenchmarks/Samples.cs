using System.Globalization;
using System.Text;

namespace Podvirt.Microbenchmarks;

/// <summary>What engines and clients send, in their own spelling (vLLM, the OpenAI clients).</summary>
internal static class Samples
{
    /// <summary>A token with cumulative usage, as vLLM writes it for <c>continuous_usage_stats</c>.</summary>
    public static string Delta(string text, int completion) => string.Create(CultureInfo.InvariantCulture, $$$"""
        {"id":"chatcmpl-0193a6b2c7de7f0a9b1c2d3e4f506172","object":"chat.completion.chunk","created":1763948051,"model":"qwen3-8b","choices":[{"index":0,"delta":{"content":"{{{text}}}"},"logprobs":null,"finish_reason":null,"token_ids":null}],"usage":{"prompt_tokens":426,"total_tokens":{{{426 + completion}}},"completion_tokens":{{{completion}}}}}
        """);

    /// <summary>The same with two alternatives' log probabilities.</summary>
    public static string DeltaWithLogprobs { get; } = Delta("Hi", 7).Replace(
        "\"logprobs\":null",
        """
        "logprobs":{"content":[{"token":" Hi","logprob":-0.0012,"bytes":[32,72,105],"top_logprobs":[{"token":" Hi","logprob":-0.0012,"bytes":[32,72,105]},{"token":" \"","logprob":-7.25,"bytes":[32,34]}]}]}
        """,
        StringComparison.Ordinal);

    /// <summary>The usage chunk at the end.</summary>
    public const string Usage =
        """{"id":"chatcmpl-0193a6b2c7de7f0a9b1c2d3e4f506172","object":"chat.completion.chunk","created":1763948051,"model":"qwen3-8b","choices":[],"usage":{"prompt_tokens":426,"total_tokens":682,"completion_tokens":256,"prompt_tokens_details":{"cached_tokens":400}}}""";

    /// <summary>A token of a response.</summary>
    public const string ResponseDelta =
        """{"content_index":1,"delta":" token","item_id":"5f1c2d3e-4f50-6172-9b1c-0193a6b2c7de","logprobs":[],"output_index":0,"sequence_number":21,"type":"response.output_text.delta"}""";

    /// <summary>A token of a message.</summary>
    public const string MessageDelta = """{"index":0,"type":"content_block_delta","delta":{"type":"text_delta","text":" token"}}""";

    public static string Event(string json) => $"data: {json}\n\n";

    /// <summary>Events of one chunk each, as uvicorn sends them.</summary>
    public static byte[] Chunked(int events)
    {
        var text = new StringBuilder();
        for (var i = 0; i < events; i++)
        {
            var sseEvent = Event(Delta(" token", 17 + i));
            text.Append(CultureInfo.InvariantCulture, $"{sseEvent.Length:x}\r\n{sseEvent}\r\n");
        }
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>A streaming chat request with a conversation of about so many bytes.</summary>
    public static byte[] Request(int bytes, bool wantsUsage = false)
    {
        var options = wantsUsage ? """{"include_usage":true,"continuous_usage_stats":true}""" : """{"include_usage":false}""";
        var text = new StringBuilder("""{"model":"qwen3-8b","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"Tell me a story about rain."}""");
        while (text.Length < bytes)
        {
            text.Append(""",{"role":"assistant","content":"Once upon a time \"the rain\" fell on a small town by the sea.\nNobody had seen so much of it."},{"role":"user","content":"And then?"}""");
        }
        return Encoding.ASCII.GetBytes(text.Append(CultureInfo.InvariantCulture, $"],\"temperature\":0.7,\"max_tokens\":512,\"stream\":true,\"stream_options\":{options}}}").ToString());
    }

    /// <summary>A plain reply with an answer of about so many bytes.</summary>
    public static byte[] PlainReply(int bytes)
    {
        var text = new StringBuilder();
        while (text.Length < bytes)
        {
            text.Append("""Once upon a time \"the rain\" fell on a small town by the sea.\nNobody had seen so much of it. """);
        }
        return Encoding.ASCII.GetBytes($$$"""{"id":"chatcmpl-1","object":"chat.completion","created":1763948051,"model":"qwen3-8b","choices":[{"index":0,"message":{"role":"assistant","content":"{{{text}}}"},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":26,"total_tokens":282,"completion_tokens":256}}""");
    }
}
