using System.Globalization;
using System.Text;

namespace Podvirt.Chats;

/// <summary>A comment of the gateway's in an answer's stream: a word, then <c>name=value</c> pairs.</summary>
internal sealed record StreamComment(string Word, IReadOnlyDictionary<string, string> Values)
{
    /// <summary>Says which replica took the request.</summary>
    public const string Routed = "podvirt";

    /// <summary>The first line of an event; null where that is no comment.</summary>
    public static StreamComment? Read(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line[0] != (byte)':')
        {
            return null;
        }
        var words = Encoding.UTF8.GetString(line[1..]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in words.Skip(1))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at > 0)
            {
                values[pair[..at]] = pair[(at + 1)..];
            }
        }
        return new StreamComment(words.Length > 0 ? words[0] : "", values);
    }

    public string? Text(string name) => Values.GetValueOrDefault(name);

    public long? Number(string name) => long.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>What it says that the answer waits for; null: nothing.</summary>
    public AnswerWait? ToWait() =>
        Word is "warming-up" or "queued" or "prefill" ? new AnswerWait(Word, Text("phase"), Number("eta_ms")) : null;
}
