using System.Text;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Language;

/// <summary>Fills the sentence shapes of the <see cref="Lexicon"/> with a topic's keywords.</summary>
internal sealed class ProseWriter(Topic topic, Chooser chooser)
{
    private const int TargetMin = 75;
    private const int TargetMax = 190;
    private const int LengthMin = 60;
    private const int LengthMax = 220;
    private const int ThinkingMin = 30;
    private const int ThinkingMax = 80;

    private string _lastBody = "";

    /// <summary>The answer in pieces that concatenate to it: sentences with the spaces and breaks between them.</summary>
    public IEnumerable<string> Answer()
    {
        if (topic.SentenceLimit is { } limit)
        {
            yield return Sentence(Lexicon.Openings);
            for (var i = 1; i < limit; i++)
            {
                yield return " " + Sentence(Lexicon.Bodies);
            }

            yield break;
        }

        var target = TargetMin + chooser.Next(TargetMax - TargetMin);
        var opening = Sentence(Lexicon.Openings);
        var written = Tokenizer.Count(opening);
        yield return opening;
        if (topic.Earlier is not null)
        {
            var back = " " + Sentence(Lexicon.Returns);
            written += Tokenizer.Count(back);
            yield return back;
        }

        var inParagraph = 1;
        var paragraph = 2 + chooser.Next(3);
        var closing = Sentence(Lexicon.Closings);
        var reserved = Tokenizer.Count(closing) + 1;
        while (written + reserved < target)
        {
            var body = Body();
            var length = Tokenizer.Count(body) + 1;
            if (written + length + reserved > LengthMax && written >= LengthMin)
            {
                break;
            }

            var breaks = ++inParagraph > paragraph;
            if (breaks)
            {
                inParagraph = 1;
                paragraph = 2 + chooser.Next(3);
            }

            written += length;
            yield return (breaks ? "\n\n" : " ") + body;
        }

        yield return (inParagraph >= paragraph ? "\n\n" : " ") + closing;
    }

    /// <summary>More of the same, without an end: for a request that wants no natural one.</summary>
    public IEnumerable<string> Onward()
    {
        for (var i = 1; ; i++)
        {
            yield return (i % 4 == 1 ? "\n\n" : " ") + Body();
        }
    }

    /// <summary>The thinking before an answer.</summary>
    public IEnumerable<string> Thinking()
    {
        var written = 0;
        for (var i = 0; written < ThinkingMin; i++)
        {
            var sentence = i == 0 ? Fill(Lexicon.Thoughts[0]) : Sentence(Lexicon.Thoughts);
            var length = Tokenizer.Count(sentence) + 1;
            if (written + length > ThinkingMax)
            {
                continue;
            }

            written += length;
            yield return (i == 0 ? "" : " ") + sentence;
        }
    }

    public string Sentence(IReadOnlyList<string> shapes) => Fill(chooser.Pick(shapes));

    private string Body()
    {
        var shape = chooser.Pick(Lexicon.Bodies);
        if (shape == _lastBody)
        {
            // The same shape twice in a row is what gives a template away.
            shape = Lexicon.Bodies[(Array.IndexOf(Lexicon.Bodies, shape) + 1 + chooser.Next(Lexicon.Bodies.Length - 1)) % Lexicon.Bodies.Length];
        }

        _lastBody = shape;
        return Fill(shape);
    }

    private string Fill(string shape)
    {
        var text = new StringBuilder(96);
        Fill(shape, text);
        text[0] = char.ToUpperInvariant(text[0]);
        return text.ToString();
    }

    private void Fill(ReadOnlySpan<char> shape, StringBuilder text)
    {
        while (shape.Length > 0)
        {
            var open = shape.IndexOf('{');
            if (open < 0)
            {
                text.Append(shape);
                return;
            }

            text.Append(shape[..open]);
            var close = shape.IndexOf('}');
            var slot = shape[(open + 1)..close];
            shape = shape[(close + 1)..];
            Slot(slot.ToString(), text);
        }
    }

    private void Slot(string slot, StringBuilder text)
    {
        switch (slot)
        {
            case "a":
                text.Append(topic.Keywords[0]);
                return;
            case "b":
                // With one keyword only, a general word keeps "a and a" from happening.
                text.Append(topic.Keywords.Count > 1
                    ? topic.Keywords[1 + chooser.Next(topic.Keywords.Count - 1)]
                    : chooser.Pick(Lexicon.Lists["reason"]));
                return;
            case "earlier":
                text.Append(topic.Earlier);
                return;
            default:
                Fill(chooser.Pick(Lexicon.Lists[slot]), text);
                return;
        }
    }
}
