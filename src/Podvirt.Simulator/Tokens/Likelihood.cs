using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Tokens;

/// <summary>
/// How likely a model found a token. There is no distribution that tokens are drawn from, so one is made up around the token that was
/// written: it is always the likeliest, the others share the rest, and the same token at the same place always has the same number.
/// </summary>
internal static class Likelihood
{
    private const double Least = 0.35;
    private const double Most = 0.98;

    public static double Log(int token, int place) => Math.Log(Chance(token, place));

    /// <summary>The likeliest tokens and their log probabilities, the written one first.</summary>
    public static List<(int Token, double Log)> Top(int token, int place, int count)
    {
        var top = new List<(int Token, double Log)>(count) { (token, Log(token, place)) };
        var rest = 1 - Chance(token, place);
        var state = Bits(token, place);
        while (top.Count < count)
        {
            rest /= 2;
            // A space and three digits or fewer are one token each, and there are enough of them that two seldom meet.
            var other = Tokenizer.Encode($" {Chooser.Step(ref state) % 1_000}")[0];
            if (!top.Exists(entry => entry.Token == other))
            {
                top.Add((other, Math.Log(rest)));
            }
        }

        return top;
    }

    private static double Chance(int token, int place) => Least + ((Most - Least) * Chooser.Unit(Bits(token, place)));

    private static ulong Bits(int token, int place) => Chooser.Hash([token, place]);
}
