namespace Podvirt.Fuzz.Targets;

/// <summary>What engines' chunks and replies are made of.</summary>
internal static class ReplyWords
{
    public static IReadOnlyList<string> Tokens { get; } =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\\\", "\\\"", "\\u0075", "\\ud800", "\\ud83d\\ude00", "\\n", "\\x", "\\u12", "\\u123g", "null", "true", "fals",
        "-", "0", "-0", "01", "1.", "1.5e+3", "1e", "9223372036854775808", " ", "\n", "\t", "\0", "\x1F", "\x7F", "\xFF", "\xE2\x82\xAC", "//", "/**/",
        "\"usage\":", "\"choices\":[]", "\"error\":{}", ",\"usage\":null", "{\"index\":1}", "\"finish_reason\":\"abort\"",
    ];

    public static JsonWords Json { get; } = new(
        [
            "\"usage\"", "\"choices\"", "\"error\"", "\"index\"", "\"prompt_tokens\"", "\"completion_tokens\"", "\"total_tokens\"", "\"prompt_tokens_details\"",
            "\"completion_tokens_details\"", "\"cached_tokens\"", "\"reasoning_tokens\"", "\"delta\"", "\"content\"", "\"id\"", "\"\"", "\"us\\u0061ge\"",
            "\"choice\\u0073\"", "\"\\ud800\"", "\"\xFF\"", "\"Usage\"", "\"usages\"", "\"a\\\"b\"", "\"finish_reason\"",
            "\"type\"", "\"sequence_number\"", "\"response\"", "\"message\"", "\"status\"", "\"stop_reason\"", "\"input_tokens\"", "\"output_tokens\"",
            "\"input_tokens_details\"", "\"output_tokens_details\"", "\"cache_read_input_tokens\"", "\"cache_creation_input_tokens\"", "\"t\\u0079pe\"",
        ],
        [
            "null", "true", "false", "0", "-0", "7", "07", "-1", "1.0", "1.5", "1e2", "1E2", "-1.5E-7", "2147483648", "9223372036854775807", "9223372036854775808", "\"\"",
            "\"a\"", "\"\\n\\u00e9\\\\\\\"\"", "\"\\ud800\"", "\"\xC3\xA9\"", "\"usage\"", "\"abort\"", "[]", "{}", "[{}]", "[1,{\"index\":2}]", "[{\"index\":3,\"delta\":{\"index\":4}}]",
            "{\"prompt_tokens\":5,\"completion_tokens\":6}", "\"response.completed\"", "\"speech.audio.delta\"", "\"speech.audio.done\"", "\"speech.audio.error\"", "\"response.cancelled\"", "\"response.failed\"", "\"response.created\"",
            "\"response.output_text.delta\"", "\"response.\"", "\"error\"", "\"message\"", "\"message_start\"", "\"message_delta\"", "\"message_stop\"", "\"content_block_start\"",
            "\"content_block_delta\"", "\"content_block_stop\"", "\"ping\"", "\"cancelled\"", "\"failed\"", "\"end_turn\"", "\"respons\\u0065.completed\"",
            "{\"stop_reason\":\"end_turn\"}", "{\"stop_reason\":null}", "{\"input_tokens\":5,\"output_tokens\":6}", "{\"output_tokens\":7}",
            "{\"input_tokens\":5,\"cache_read_input_tokens\":4,\"output_tokens\":0}", "{\"id\":\"r\",\"status\":\"completed\",\"usage\":{\"input_tokens\":5,\"output_tokens\":6}}",
            "{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}", "{\"id\":\"resp_1\",\"status\":\"cancelled\",\"usage\":null}", "{\"cached_tokens\":4}", "{\"cached_tokens\":-4}", "[{\"finish_reason\":\"abort\"}]", "{\"reasoning_tokens\":9}", "{\"usage\":{\"prompt_tokens\":1}}",
            "{\"prompt_tokens\":9,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":99},\"completion_tokens_details\":{\"reasoning_tokens\":3}}",
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}",
        ]);
}
