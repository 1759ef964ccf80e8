using System.Globalization;
using System.Text;

namespace Podvirt.Chats.StateStore;

/// <summary>An answer as all gateways see it. Its owner alone writes what comes of it.</summary>
internal sealed record SharedAnswer
{
    public required AnswerIdentity Identity { get; init; }

    /// <summary>The gateway that runs it, or ran it; null: it was ended by another, and its owner has nothing more to say.</summary>
    public string? Owner { get; init; }

    public required AnswerFacts Facts { get; init; }

    /// <summary>Nothing changes any more but what time takes away.</summary>
    public bool IsOver { get; init; }

    /// <summary>Somebody asked another gateway to stop it.</summary>
    public bool IsStopWanted { get; init; }

    /// <summary>Grows when text turned out to be thinking.</summary>
    public int Edition { get; init; }

    public LongText Text { get; init; } = LongText.Empty;

    public LongText Thinking { get; init; } = LongText.Empty;

    public string? RequestHeaders { get; init; }

    public string? ResponseHead { get; init; }

    public bool FramesTruncated { get; init; }
}

/// <summary>A text that grows: full parts stand in entries of their own and never change, its end stands here.</summary>
/// <param name="Parts">How many.</param>
/// <param name="Bytes">UTF-8, of all of it.</param>
internal sealed record LongText(int Parts, string Tail, long Bytes)
{
    public const char AnswerMark = 't';
    public const char ThinkingMark = 'h';

    /// <summary>Characters of a part: what every save writes anew is less than this.</summary>
    private const int PartChars = 8 * 1024;

    public static LongText Empty { get; } = new(0, "", 0);

    public static string KeyOf(string answer, int edition, char mark, int part) =>
        ChatKeys.Texts(answer, edition) + mark + part.ToString("d6", CultureInfo.InvariantCulture);

    /// <param name="full">Gets each part that became full.</param>
    public LongText Append(string text, Action<int, string> full)
    {
        var (parts, tail) = (Parts, Tail + text);
        while (tail.Length > PartChars)
        {
            // Not between the halves of a character.
            var cut = char.IsHighSurrogate(tail[PartChars - 1]) ? PartChars - 1 : PartChars;
            full(parts++, tail[..cut]);
            tail = tail[cut..];
        }
        return new LongText(parts, tail, Bytes + Encoding.UTF8.GetByteCount(text));
    }
}
