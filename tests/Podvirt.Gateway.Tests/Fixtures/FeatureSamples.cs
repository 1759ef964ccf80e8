namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>One of each feature, with the nulls, escapes and odd members that vLLM sends.</summary>
internal static class FeatureSamples
{
    private const string Question = "\"messages\":[{\"role\":\"user\",\"content\":\"Weather in Oslo and Rome?\"}]";

    private const string Tools = """
        "tools":[{"type":"function","function":{"name":"get_weather","description":"\"usage\": {} of it","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]},"strict":true}}],"tool_choice":"auto","parallel_tool_calls":true
        """;

    private const string Role = """[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]""";

    public static IReadOnlyList<FeatureSample> All { get; } =
    [
        new(
            "tool calls", Calls.Chat, $"{Tools.Trim()},{Question}",
            [
                (Role, 0),
                ("""[{"index":0,"delta":{"reasoning":"Two cities."},"logprobs":null,"finish_reason":null,"token_ids":null}]""", 3),
                (Call("""{"id":"chatcmpl-tool-1","type":"function","index":0,"function":{"name":"get_weather","arguments":""}}"""), 8),
                (Call("""{"index":0,"function":{"arguments":"{\"city\": "}}"""), 10),
                (Call("""{"index":0,"function":{"arguments":"\"Oslo\"}"}}"""), 12),
                (Call("""{"id":"chatcmpl-tool-2","type":"function","index":1,"function":{"name":"get_weather","arguments":"{\"city\": \"Ro"}}"""), 17),
                (Call("""{"index":1,"function":{"arguments":"me\", \"usage\": {\"prompt_tokens\": 1}}"}}"""), 20),
                ("""[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"tool_calls","stop_reason":null,"token_ids":null}]""", 21),
            ],
            """[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"annotations":null,"audio":null,"function_call":null,"tool_calls":[{"id":"chatcmpl-tool-1","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Oslo\", \"usage\": {\"prompt_tokens\": 1}}"}}],"reasoning":"Two cities."},"logprobs":null,"finish_reason":"tool_calls","stop_reason":null,"token_ids":null}]""")
        { Completion = 21 },
        new(
            "tool results", Calls.Chat,
            """ "tool_choice":"none","messages":[{"role":"user","content":"Weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"a","content":"{\"role\":\"user\"}"}]""",
            [(Role, 0), (Delta("It rains."), 3), (End, 4)], Message("It rains."))
        { Completion = 4 },
        new(
            "several choices", Calls.Chat, $"\"n\":3,{Question}",
            [
                (Role, 0), (Role.Replace("\"index\":0", "\"index\":1", StringComparison.Ordinal), 0), (Role.Replace("\"index\":0", "\"index\":2", StringComparison.Ordinal), 0),
                (Delta("a", 2), 1), (Delta("b"), 1), (Delta("c", 1), 2), (Delta("d", 2), 5), (End.Replace("\"index\":0", "\"index\":2", StringComparison.Ordinal), 5),
                (Delta("e", 1), 3), (End, 2), (End.Replace("\"index\":0", "\"index\":1", StringComparison.Ordinal), 4),
            ],
            """[{"index":0,"message":{"role":"assistant","content":"b"},"logprobs":null,"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":"ce"},"finish_reason":"stop"},{"index":2,"message":{"role":"assistant","content":"ad"},"finish_reason":"stop"}]""")
        { Completion = 2 + 4 + 5 },
        new(
            "structured output", Calls.Chat,
            """ "response_format":{"type":"json_schema","json_schema":{"name":"usage","strict":true,"schema":{"type":"object","properties":{"usage":{"type":"object","properties":{"prompt_tokens":{"type":"integer"}}},"n":{"type":"integer"}},"additionalProperties":false}}},"structured_outputs":{"choice":null},"messages":[{"content":[{"type":"text","text":"As JSON"}],"role":"user"}]""",
            [(Role, 0), (Delta("""{\"usage\": {\"prompt_tokens\": 9"""), 9), (Delta("""99}, \"n\": 1}"""), 15), (End, 16)], Message("""{\"usage\": {\"prompt_tokens\": 999}, \"n\": 1}"""))
        { Completion = 16 },
        new(
            "log probabilities", Calls.Chat, $"\"logprobs\":true,\"top_logprobs\":2,\"temperature\":0.5,{Question}",
            [
                ("""[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]""", 0),
                ("""[{"index":0,"delta":{"content":"\ud83d\ude00"},"logprobs":{"content":[{"token":"\ud83d\ude00","logprob":-0.0012,"bytes":[240,159,152,128],"top_logprobs":[{"token":"\ud83d\ude00","logprob":-0.0012,"bytes":[240,159,152,128]},{"token":"usage","logprob":-9999.0,"bytes":null}]}]},"finish_reason":null,"token_ids":[128]}]""", 1),
                ("""[{"index":0,"delta":{"content":""},"logprobs":{"content":[{"token":"","logprob":-1e-05,"bytes":[],"top_logprobs":[]}]},"finish_reason":"length","stop_reason":null}]""", 2),
            ],
            """[{"index":0,"message":{"role":"assistant","content":"\ud83d\ude00"},"logprobs":{"content":[{"token":"\ud83d\ude00","logprob":-0.0012,"bytes":[240,159,152,128],"top_logprobs":[]}]},"finish_reason":"length"}]""")
        { Completion = 2 },
        new(
            "echo, suffix and log probabilities of a completion", Calls.Completions,
            """ "prompt":"def f(","suffix":"return x","echo":true,"logprobs":1,"max_tokens":3,"seed":5""",
            [
                ("""[{"index":0,"text":"def f(x)","logprobs":{"text_offset":[0,3,6],"token_logprobs":[null,-0.5,-1.25],"tokens":["def"," f(","x)"],"top_logprobs":[null,{" f(":-0.5},{"x)":-1.25}]},"finish_reason":null,"stop_reason":null,"token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null}]""", 1),
                ("""[{"index":0,"text":":","logprobs":{"text_offset":[8],"token_logprobs":[-0.1],"tokens":[":"],"top_logprobs":[{":":-0.1}]},"finish_reason":"length","stop_reason":null}]""", 3),
            ],
            """[{"index":0,"text":"def f(x):","logprobs":{"text_offset":[0],"token_logprobs":[null],"tokens":["def"],"top_logprobs":[null]},"finish_reason":"length","stop_reason":null,"prompt_logprobs":null}]""")
        { Completion = 3 },
        new(
            "best of several completions", Calls.Completions, "\"prompt\":\"Once\",\"n\":2,\"best_of\":3,\"max_tokens\":2",
            [
                ("""[{"index":0,"text":" a","logprobs":null,"finish_reason":null,"stop_reason":null}]""", 1), ("""[{"index":1,"text":" b","logprobs":null,"finish_reason":null,"stop_reason":null}]""", 1),
                ("""[{"index":1,"text":" c","logprobs":null,"finish_reason":"length","stop_reason":null}]""", 2), ("""[{"index":0,"text":" d","logprobs":null,"finish_reason":"length","stop_reason":null}]""", 2),
            ],
            """[{"index":0,"text":" a d"},{"index":1,"text":" b c"}]""")
        { Completion = 4 },
        new(
            "pictures", Calls.Chat,
            $"\"messages\":[{{\"role\":\"user\",\"content\":[{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"data:image/png;base64,{new string('A', 5_000_000)}==\",\"detail\":\"low\"}}}},{{\"type\":\"text\",\"text\":\"What is it?\"}},{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"https://example.com/\\u00e9.png\"}}}}]}}]",
            [(Role, 0), (Delta("A bridge."), 3), (End, 4)], Message("A bridge."), Prompt: 1_420)
        { Completion = 4 },
    ];

    private static string End => """[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":null,"token_ids":null}]""";

    private static string Call(string call) => $$"""[{"index":0,"delta":{"tool_calls":[{{call}}]},"logprobs":null,"finish_reason":null,"token_ids":null}]""";

    private static string Delta(string content, int index = 0) =>
        $$"""[{"index":{{index}},"delta":{"content":"{{content}}"},"logprobs":null,"finish_reason":null,"token_ids":null}]""";

    private static string Message(string content) =>
        $$"""[{"index":0,"message":{"role":"assistant","content":"{{content}}","refusal":null,"tool_calls":[],"reasoning":null},"logprobs":null,"finish_reason":"stop","stop_reason":null,"token_ids":null}]""";
}
