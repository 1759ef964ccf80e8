namespace Podvirt.Simulator.Language;

/// <summary>Answers a programming question: a sentence, a fenced piece of code in the asked language, and an explanation.</summary>
internal sealed class CodeWriter(Topic topic, Chooser chooser, ProseWriter prose)
{
    private static readonly string[] _intros =
    [
        "Here is a small version of {0} in {1}:",
        "This is how I would write {0} in {1}:",
        "A compact take on {0}, in {1}:",
    ];

    private static readonly string[] _explanations =
    [
        "`{0}` walks over its input once and keeps only what passes the check, so its cost grows with the input and nothing else.",
        "`{0}` returns early on empty input; after that every item is looked at exactly once.",
        "The work sits in `{0}`, which stays free of side effects and is therefore easy to test.",
    ];

    public IEnumerable<string> Answer()
    {
        var language = CodeLanguage.Asked(topic.Question);
        var subject = topic.Keywords[0];
        var name = language.Identifier(subject);
        yield return string.Format(chooser.Pick(_intros), subject, language.Name);
        yield return $"\n\n```{language.Fence}\n";
        yield return language.Sample(name, chooser.Next(9) + 2);
        yield return "```\n\n";
        yield return string.Format(chooser.Pick(_explanations), name);
        if (topic.SentenceLimit is null)
        {
            yield return " " + prose.Sentence(Lexicon.Closings);
        }
    }
}
