namespace Podvirt.Fuzz.Targets;

/// <summary>What request bodies are made of.</summary>
internal static class RequestWords
{
    public static IReadOnlyList<string> Tokens { get; } =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u006d", "\\ud800", "\\ud83d\\ude00", "null", "true", "false", "0", "-", "1e999", "01", " ", "\n",
        "/**/", "//", "\xEF\xBB\xBF", "\xFF", "\xC3", "\xC3\xA9", "\0", "\"model\":\"m\",", "\"stream\":true,", "\"stream_options\":{},", "NaN",
    ];

    public static JsonWords Json { get; } = new(
        [
            "\"model\"", "\"stream\"", "\"stream_options\"", "\"include_usage\"", "\"continuous_usage_stats\"", "\"messages\"", "\"role\"", "\"content\"",
            "\"prompt\"", "\"input\"", "\"max_tokens\"", "\"max_completion_tokens\"", "\"n\"", "\"best_of\"", "\"query\"", "\"queries\"", "\"documents\"", "\"text_1\"", "\"text_2\"", "\"data_1\"", "\"data_2\"",
            "\"items\"", "\"tokens\"", "\"stream_format\"", "\"temperature\"", "\"stop\"", "\"x\"", "\"\"", "\"mod\\u0065l\"",
            "\"str\\u0065am\"", "\"\\ud800\"", "\"Model\"", "\"models\"", "\"stream_option\"",
            "\"instructions\"", "\"system\"", "\"max_output_tokens\"", "\"previous_response_id\"", "\"store\"", "\"background\"", "\"request_id\"",
        ],
        [
            "true", "false", "null", "0", "1", "128", "129", "-1", "2", "2.0", "2.1", "1e0", "1e999", "2147483648", "\"\"", "\"m\"", "\"user\"", "\"system\"",
            "\"developer\"", "\"us\\u0065r\"", "\"\\udc00\"", "\"\xC3\xA9\"", "[]", "{}", "[\"a\",\"b\"]", "[5]", "[[5],[6]]", "[5,\"a\"]", "\"sse\"", "\"audio\"", "{\"include_usage\":true}", "{\"include_usage\":null}",
            "{\"continuous_usage_stats\":true}", "{\"continuous_usage_stats\":false,\"include_usage\":false}", "[{\"role\":\"user\",\"content\":\"hi\"}]",
            "{\"role\":\"system\",\"content\":\"s\"}", "{\"role\":\"user\"}", "{\"content\":[{\"type\":\"text\",\"text\":\"t\"}],\"role\":\"user\"}",
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        ]);
}
