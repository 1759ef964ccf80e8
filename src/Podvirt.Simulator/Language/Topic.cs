using System.Text;

namespace Podvirt.Simulator.Language;

/// <summary>What an answer is to be about, read off the conversation.</summary>
/// <param name="Keywords">Words and short phrases of the last user message, the most telling first; never empty.</param>
/// <param name="Earlier">A phrase from an earlier user message that the last one does not repeat, or null.</param>
/// <param name="SentenceLimit">What the system prompt or the user asked for, or null for the natural length.</param>
/// <param name="Question">The last user message.</param>
internal sealed record Topic(IReadOnlyList<string> Keywords, string? Earlier, int? SentenceLimit, string Question)
{
    private const int KeywordMax = 6;
    private const int WordLengthMax = 24;
    private const int PhraseWordsMax = 3;

    private static readonly HashSet<string> _plain = new(StringComparer.OrdinalIgnoreCase)
    {
        "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "ask", "asked", "at", "answer", "be", "because", "been",
        "before", "between", "brief", "briefly", "but", "by", "can", "code", "could", "describe", "detail", "did", "do", "does", "each",
        "every", "example", "explain", "few", "for", "from", "function", "give", "go", "good", "had", "happen", "happens", "has", "have", "he", "hello", "help",
        "her", "hers", "hi", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "keep", "let", "like", "list", "long",
        "make", "many", "me", "mean", "more", "most", "much", "my", "need", "no", "not", "now", "of", "on", "one", "only", "or", "other",
        "our", "out", "paragraph", "paragraphs", "please", "program", "say", "sentence", "sentences", "she", "short", "should", "show", "so",
        "some", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "thing", "this", "those", "to", "two", "up",
        "us", "use", "using", "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "why", "will", "with", "word",
        "words", "work", "works", "would", "write", "python", "javascript", "typescript", "rust", "java", "golang", "csharp", "dotnet", "sql", "bash",
        "shell", "method", "script", "snippet", "query", "you", "your",
    };

    public static Topic Read(string system, IReadOnlyList<string> userMessages)
    {
        var last = userMessages.Count > 0 ? userMessages[^1] : "";
        var keywords = Phrases(last);
        string? earlier = null;
        for (var i = userMessages.Count - 2; i >= 0 && earlier is null; i--)
        {
            earlier = Phrases(userMessages[i]).FirstOrDefault(phrase => !last.Contains(phrase, StringComparison.OrdinalIgnoreCase));
        }

        if (keywords.Count == 0)
        {
            keywords.Add("this question");
        }

        return new Topic(keywords, earlier, Limit(last) ?? Limit(system), last);
    }

    /// <summary>Runs of up to three telling words, in their order, each once.</summary>
    private static List<string> Phrases(string text)
    {
        var found = new List<string>();
        var phrase = new List<string>();
        foreach (var word in Words(text))
        {
            var tells = word.Length >= 3 && !_plain.Contains(word);
            if (tells)
            {
                phrase.Add(word);
            }

            if (!tells || phrase.Count == PhraseWordsMax)
            {
                Add(found, phrase);
            }
        }

        Add(found, phrase);
        return found.Count <= KeywordMax ? found : [.. found.OrderByDescending(phrase => phrase.Length).Take(KeywordMax)];
    }

    private static void Add(List<string> found, List<string> words)
    {
        var phrase = string.Join(' ', words);
        words.Clear();
        if (phrase.Length > 0 && !found.Contains(phrase, StringComparer.OrdinalIgnoreCase))
        {
            found.Add(phrase);
        }
    }

    /// <summary>Letters and digits; an empty entry marks a break that no phrase may span.</summary>
    private static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        foreach (var character in text)
        {
            if ((char.IsLetterOrDigit(character) || character is '-' or '_') && word.Length < WordLengthMax)
            {
                word.Append(character);
                continue;
            }

            if (word.Length > 0)
            {
                yield return word.ToString().Trim('-', '_');
                word.Clear();
            }

            if (character != ' ')
            {
                yield return "";
            }
        }

        yield return word.ToString().Trim('-', '_');
    }

    private static int? Limit(string text)
    {
        bool Asks(string wish) => text.Contains(wish, StringComparison.OrdinalIgnoreCase);
        return Asks("one sentence") || Asks("a single sentence") || Asks("1 sentence") ? 1
            : Asks("two sentences") || Asks("be brief") || Asks("briefly") || Asks("concise") || Asks("short answer") || Asks("be short") ? 2
            : null;
    }
}
