using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>OpenAI's responses as clients ask for them and as vLLM sends them.</summary>
internal static class ResponseApi
{
    public const string Path = "/v1/responses";
    public const string Id = "resp_0123456789abcdef0123456789abcdef";
    public const string StreamBody = """{"model":"m","input":"hi","stream":true}""";
    public const string PlainBody = """{"model":"m","input":"hi"}""";
    public const string Usage =
        """{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":14}""";

    /// <summary>As its usage record has it.</summary>
    public static readonly TokenCounts Tokens = new(9, 4, 5, 2);

    public static string Created => Event("response.created", Within("in_progress", "null"), 0);

    public static string Started => Created + Event("response.in_progress", Within("in_progress", "null"), 1);

    public static string Opened => Event("response.output_item.added", "\"item\":{\"id\":\"i\",\"type\":\"message\",\"content\":[],\"status\":\"in_progress\"},\"output_index\":0", 2);

    public static string Completed => Ended("response.completed", "completed");

    /// <summary>A whole stream.</summary>
    public static string Events => Started + Opened + Delta("Hé", 3) + Delta(" \\\"type\\\":\\\"response.completed\\\"}", 4) + Completed;

    public static string Delta(string text, int sequence) =>
        Event("response.output_text.delta", $"\"content_index\":0,\"delta\":\"{text}\",\"item_id\":\"i\",\"logprobs\":[],\"output_index\":0", sequence);

    public static string Ended(string type, string status, string usage = Usage) => Event(type, Within(status, usage), 5);

    // vLLM has the members of an event in the order of the alphabet: its type comes last.
    public static string Event(string type, string members, int sequence) =>
        $"event: {type}\ndata: {{{members},\"sequence_number\":{sequence},\"type\":\"{type}\"}}\n\n";

    public static string Body(string status = "completed", string usage = Usage) =>
        $$"""{"id":"{{Id}}","created_at":1,"instructions":null,"model":"m","object":"response","output":[{"id":"msg_1","content":[{"text":"Hé \"usage\":{","type":"output_text"}],"status":"completed","type":"message"}],"status":"{{status}}","usage":{{usage}}}""";

    private static string Within(string status, string usage) => $"\"response\":{Body(status, usage)}";
}
