using System.Text;

namespace Podvirt.Simulator.Tokens;

/// <summary>
/// The simulator's one tokenisation. It has no vocabulary: an id is computed from its text and back, so every process agrees on
/// every id, nothing grows, and any text survives <see cref="Encode"/> and <see cref="Decode"/> unchanged.
/// <para>A token is one of:</para>
/// <list type="bullet">
/// <item>up to six ASCII letters of one case shape (<c>word</c>, <c>Word</c>, <c>WORD</c>),</item>
/// <item>up to three ASCII digits,</item>
/// <item>one other character (a Unicode scalar value),</item>
/// <item>a run of line feeds (up to 16) or of two or more spaces (up to 65),</item>
/// <item><c>&lt;think&gt;</c> or <c>&lt;/think&gt;</c>, which are recognised in text; the template's tokens are not.</item>
/// </list>
/// <para>One space before a word, a number or a visible character belongs to that token. Ids fit a signed 32-bit integer.</para>
/// </summary>
internal static class Tokenizer
{
    private const int SpaceRuns = 16;
    private const int SpaceRunMax = 65;
    private const int NewlineRuns = 96;
    private const int NewlineRunMax = 16;
    private const int Numbers = 1_000;
    private const int NumberCount = 10 + 100 + 1_000;
    private const int Runes = 4_000;
    private const int RuneCount = 0x110000;
    private const int Words = 2_300_000;
    private const int WordLength = 6;

    // The sum of 26^k for k from 1 to 6: every word of one case shape.
    private const int WordCount = 321_272_406;
    private const int Lower = 0;
    private const int Title = 1;
    private const int Upper = 2;
    private const int Shapes = 3;

    public static List<int> Encode(string text)
    {
        var ids = new List<int>(text.Length / 4);
        Encode(text, ids);
        return ids;
    }

    public static void Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        while (text.Length > 0)
        {
            ids.Add(Next(text, out var length));
            text = text[length..];
        }
    }

    /// <summary>The number of tokens, without making them.</summary>
    public static int Count(ReadOnlySpan<char> text)
    {
        var count = 0;
        while (text.Length > 0)
        {
            Next(text, out var length);
            text = text[length..];
            count++;
        }

        return count;
    }

    /// <summary>The text of one token; null when no token has this id.</summary>
    public static string? Decode(int id)
    {
        return id switch
        {
            < 0 => null,
            < SpaceRuns => SpecialTokens.TextOf(id),
            < SpaceRuns + SpaceRunMax => new string(' ', id - SpaceRuns + 1),
            >= NewlineRuns and < NewlineRuns + NewlineRunMax => new string('\n', id - NewlineRuns + 1),
            >= Numbers and < Numbers + (2 * NumberCount) => DecodeNumber(id - Numbers),
            >= Runes and < Runes + (2 * RuneCount) => DecodeRune(id - Runes),
            >= Words and < Words + (2 * Shapes * WordCount) => DecodeWord(id - Words),
            _ => null,
        };
    }

    /// <summary>The first token of a text that is not empty.</summary>
    private static int Next(ReadOnlySpan<char> text, out int length)
    {
        var first = text[0];
        if (first == '\n')
        {
            length = RunOf('\n', text, NewlineRunMax);
            return NewlineRuns + length - 1;
        }

        if (first != ' ')
        {
            return Visible(text, space: false, out length);
        }

        var spaces = RunOf(' ', text, SpaceRunMax);
        var attaches = spaces < text.Length && spaces < SpaceRunMax && !char.IsWhiteSpace(text[spaces]) && !StartsSpecial(text[spaces..], out _, out _);
        if (spaces == 1 && attaches)
        {
            var id = Visible(text[1..], space: true, out length);
            length++;
            return id;
        }

        // The last space of a run goes to what follows it.
        length = attaches ? spaces - 1 : spaces;
        return SpaceRuns + length - 1;
    }

    private static int Visible(ReadOnlySpan<char> text, bool space, out int length)
    {
        var first = text[0];
        if (char.IsAsciiLetter(first))
        {
            return Word(text, space, out length);
        }

        if (char.IsAsciiDigit(first))
        {
            return Number(text, space, out length);
        }

        if (StartsSpecial(text, out var special, out length))
        {
            return special;
        }

        Rune.DecodeFromUtf16(text, out var rune, out length);
        return Runes + (space ? RuneCount : 0) + rune.Value;
    }

    private static int Word(ReadOnlySpan<char> text, bool space, out int length)
    {
        var shape = char.IsAsciiLetterLower(text[0]) ? Lower
            : text.Length > 1 && char.IsAsciiLetterLower(text[1]) ? Title
            : Upper;
        length = 1;
        while (length < WordLength && length < text.Length
            && (shape == Upper ? char.IsAsciiLetterUpper(text[length]) : char.IsAsciiLetterLower(text[length])))
        {
            length++;
        }

        // Bijective base 26: shorter words have smaller numbers, so the length needs no room of its own.
        var number = 0;
        for (var i = 0; i < length; i++)
        {
            number = (number * 26) + (text[i] | 0x20) - 'a' + 1;
        }

        return Words + ((((space ? Shapes : 0) + shape) * WordCount) + number - 1);
    }

    private static string DecodeWord(int index)
    {
        var (group, number) = Math.DivRem(index, WordCount);
        Span<char> letters = stackalloc char[WordLength + 1];
        var at = letters.Length;
        for (var rest = number + 1; rest > 0; rest = (rest - 1) / 26)
        {
            letters[--at] = (char)('a' + ((rest - 1) % 26));
        }

        var shape = group % Shapes;
        for (var i = at; i < letters.Length && shape != Lower; i++)
        {
            letters[i] = shape == Upper || i == at ? char.ToUpperInvariant(letters[i]) : letters[i];
        }

        if (group < Shapes)
        {
            return new string(letters[at..]);
        }

        letters[--at] = ' ';
        return new string(letters[at..]);
    }

    private static int Number(ReadOnlySpan<char> text, bool space, out int length)
    {
        length = 0;
        var value = 0;
        var shorter = 0;
        while (length < 3 && length < text.Length && char.IsAsciiDigit(text[length]))
        {
            shorter = length == 0 ? 0 : length == 1 ? 10 : 110;
            value = (value * 10) + text[length] - '0';
            length++;
        }

        return Numbers + (space ? NumberCount : 0) + shorter + value;
    }

    private static string DecodeNumber(int index)
    {
        var (space, value) = Math.DivRem(index, NumberCount);
        var digits = value < 10 ? value.ToString("D1") : value < 110 ? (value - 10).ToString("D2") : (value - 110).ToString("D3");
        return space == 1 ? " " + digits : digits;
    }

    private static string? DecodeRune(int index)
    {
        var (space, value) = Math.DivRem(index, RuneCount);
        return Rune.TryCreate(value, out var rune) ? (space == 1 ? " " : "") + rune : null;
    }

    private static bool StartsSpecial(ReadOnlySpan<char> text, out int id, out int length)
    {
        if (text.StartsWith(SpecialTokens.ThinkOpenText, StringComparison.Ordinal))
        {
            (id, length) = (SpecialTokens.ThinkOpen, SpecialTokens.ThinkOpenText.Length);
            return true;
        }

        if (text.StartsWith(SpecialTokens.ThinkCloseText, StringComparison.Ordinal))
        {
            (id, length) = (SpecialTokens.ThinkClose, SpecialTokens.ThinkCloseText.Length);
            return true;
        }

        (id, length) = (0, 0);
        return false;
    }

    private static int RunOf(char wanted, ReadOnlySpan<char> text, int max)
    {
        var length = text.IndexOfAnyExcept(wanted);
        return Math.Min(length < 0 ? text.Length : length, max);
    }
}
