using Podvirt.Simulator.Options;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Language;

/// <summary>What a reply is made from.</summary>
/// <param name="Topic">What to write about.</param>
/// <param name="PromptHash">Decides the greedy text.</param>
/// <param name="Seed">Decides what a temperature above 0 changes.</param>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="Thinks">Whether thinking comes first.</param>
/// <param name="TokensMin">How many tokens to write before the natural end counts.</param>
/// <param name="Continues">Whether the reply continues a text, as completions do, and so starts with a space.</param>
/// <param name="Script">What to write in place of prose, or null.</param>
internal sealed record Writing(
    Topic Topic, ulong PromptHash, ulong Seed, double Temperature, bool Thinks, int TokensMin, bool Continues, Script? Script);

/// <summary>The simulated weights: while they are valid they write about the prompt, otherwise they write noise.</summary>
internal sealed class LanguageModel(ModelKind kind)
{
    private const int NoiseWords = 60;

    private volatile bool _weightsValid = true;

    /// <summary>False between a level-2 sleep and the reload of the weights.</summary>
    public bool WeightsValid
    {
        get => _weightsValid;
        set => _weightsValid = value;
    }

    public TextSource Write(Writing writing) => new(Pieces(writing));

    // Decides at the first token, not when the request arrives: it may have waited for the weights.
    private IEnumerable<(Part Part, string Text)> Pieces(Writing writing)
    {
        var chooser = new Chooser(writing.PromptHash, writing.Seed, writing.Temperature);
        foreach (var piece in _weightsValid ? Sense(writing, chooser) : Noise(writing, chooser))
        {
            yield return piece;
        }
    }

    private IEnumerable<(Part Part, string Text)> Sense(Writing writing, Chooser chooser)
    {
        var prose = new ProseWriter(writing.Topic, chooser);
        if (writing.Thinks)
        {
            yield return (Part.Thinking, SpecialTokens.ThinkOpenText + "\n");
            foreach (var piece in prose.Thinking())
            {
                yield return (Part.Thinking, piece);
            }

            yield return (Part.Thinking, "\n" + SpecialTokens.ThinkCloseText);
        }

        if (writing.Script is { } script)
        {
            foreach (var piece in script(chooser))
            {
                yield return piece;
            }

            yield break;
        }

        var lead = writing.Continues ? " " : writing.Thinks ? "\n\n" : "";
        var answer = kind == ModelKind.Code ? new CodeWriter(writing.Topic, chooser, prose).Answer() : prose.Answer();
        var written = 0;
        foreach (var piece in answer)
        {
            yield return (Part.Answer, lead + piece);
            written += Tokenizer.Count(piece);
            lead = "";
        }

        if (written >= writing.TokensMin)
        {
            yield break;
        }

        foreach (var piece in prose.Onward())
        {
            yield return (Part.Answer, piece);
            written += Tokenizer.Count(piece);
            if (written >= writing.TokensMin)
            {
                yield break;
            }
        }
    }

    private static IEnumerable<(Part Part, string Text)> Noise(Writing writing, Chooser chooser)
    {
        for (var i = 0; i < Math.Max(NoiseWords, writing.TokensMin); i++)
        {
            yield return (Part.Answer, (i == 0 ? "" : " ") + chooser.Pick(Lexicon.Noise));
        }
    }
}
