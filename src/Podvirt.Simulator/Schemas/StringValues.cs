using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Schemas;

/// <summary>Strings of a schema's length, format and pattern: names from the question first, then its other telling words.</summary>
internal sealed class StringValues(Topic topic, Chooser chooser)
{
    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(100);

    // A pattern is not solved: one of these fits it, or it is refused.
    private static readonly string[] _common =
        ["a", "A", "abc", "ABC", "word", "Word", "abc123", "ABC-123", "a_b", "0", "1", "7", "12", "42", "100", "123", "2025", "12345", "#1e90ff",
            "555-0100", "+15550100", "v1.2.3", "1.2.3", "en", "en-US", "https://example.org", "/path", "12:30", "00:00:00"];

    private static readonly Dictionary<string, string> _formats = new(StringComparer.Ordinal)
    {
        ["date-time"] = "2025-03-14T09:26:53Z",
        ["date"] = "2025-03-14",
        ["time"] = "09:26:53Z",
        ["duration"] = "PT90S",
        ["email"] = "someone@example.org",
        ["hostname"] = "example.org",
        ["ipv4"] = "192.0.2.1",
        ["ipv6"] = "2001:db8::1",
        ["uri"] = "https://example.org/",
        ["uuid"] = "0195a3c2-7d10-7b4e-9c55-3f1a2b4c5d6e",
    };

    private readonly string[] _words = Words(topic);

    public string Write(JsonObject schema)
    {
        var least = NumberValues.Count(schema, "minLength", 0);
        var most = NumberValues.Count(schema, "maxLength", int.MaxValue);
        if (schema["pattern"] is not null)
        {
            return Matching(schema) ?? throw Schema.Unsupported("pattern");
        }

        if (FormatOf(schema) is { } formatted)
        {
            return formatted;
        }

        var text = new StringBuilder(chooser.Pick(_words));
        while (text.Length < least)
        {
            text.Append(' ').Append(chooser.Pick(_words));
        }

        return text.ToString(0, Math.Min(text.Length, most));
    }

    public static void CheckPattern(JsonObject schema)
    {
        if (Matching(schema) is null)
        {
            throw Schema.Unsupported("pattern");
        }
    }

    private static string? Matching(JsonObject schema)
    {
        var least = NumberValues.Count(schema, "minLength", 0);
        var most = NumberValues.Count(schema, "maxLength", int.MaxValue);
        var pattern = (string)schema["pattern"]!;
        try
        {
            var regex = new Regex(pattern, RegexOptions.ECMAScript, _patience);
            IEnumerable<string> candidates = [.. FormatOf(schema) is { } formatted ? (string[])[formatted] : [], .. _formats.Values, .. _common];
            return candidates.FirstOrDefault(text => text.Length >= least && text.Length <= most && regex.IsMatch(text));
        }
        catch (Exception exception) when (exception is ArgumentException or RegexMatchTimeoutException)
        {
            throw Schema.Unsupported($"pattern {pattern}");
        }
    }

    private static string? FormatOf(JsonObject schema) =>
        (string?)(schema["format"] as JsonValue) is { } format && _formats.TryGetValue(format, out var text) ? text : null;

    private static string[] Words(Topic topic)
    {
        // A capital inside the question is most likely a name; the first word has one anyway.
        var names = topic.Keywords.Where(word => char.IsUpper(word[0]) && !topic.Question.StartsWith(word, StringComparison.Ordinal)).ToArray();
        return names.Length > 0 ? names : [.. topic.Keywords];
    }
}
