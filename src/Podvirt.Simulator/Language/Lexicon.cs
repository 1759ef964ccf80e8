namespace Podvirt.Simulator.Language;

/// <summary>
/// The words and sentence shapes of the prose. In a shape, <c>{a}</c> and <c>{b}</c> are keywords, <c>{earlier}</c> is a phrase of an
/// earlier turn, and any other name stands for a word of the list of that name.
/// </summary>
internal static class Lexicon
{
    public static readonly IReadOnlyDictionary<string, string[]> Lists = new Dictionary<string, string[]>
    {
        ["adj"] = ["quiet", "steady", "practical", "surprising", "careful", "modest", "durable", "plain", "honest", "narrow", "patient", "useful"],
        ["adv"] = ["slowly", "quietly", "reliably", "often", "mostly", "gradually", "clearly", "rarely", "gently", "nearly always"],
        ["part"] = ["a rule", "a habit", "a boundary", "a trade", "a pattern", "a measurement", "a promise", "a starting point", "a margin", "a rhythm"],
        ["parts"] = ["small decisions", "old habits", "clear limits", "shared rules", "honest numbers", "quiet failures", "simple tools", "short feedback loops"],
        ["reason"] = ["cost", "timing", "scale", "trust", "attention", "maintenance", "distance", "memory", "patience", "weather"],
        ["does"] = ["depends on", "rests on", "grows out of", "is shaped by", "is limited by", "works through", "is easiest to see in"],
        ["who"] = ["a beginner", "a careful reader", "a small team", "an impatient user", "an engineer", "a good teacher", "a neighbour", "an auditor"],
        ["act"] = ["measure it once", "write it down", "try the smallest version", "compare two cases", "ask who pays for it", "look at the slowest step", "remove one part"],
        ["time"] = ["after a week", "on the first day", "in the long run", "within an hour", "over a season", "at the busiest moment"],
        ["joint"] = ["because", "even though", "as long as", "and", "while", "until"],
        ["clause"] =
        [
            "the {reason} behind it rarely changes", "nobody notices the {adj} cases", "{parts} add up", "the first answer is {adv} enough",
            "{who} can check it", "the edges matter more than the middle", "each step leaves something behind",
        ],
    };

    public static readonly string[] Openings =
    [
        "The short version is that {a} {does} {parts}.",
        "A good way into {a} is to treat it as {part} first and as a subject second.",
        "When people ask about {a}, they usually want to know how {reason} enters the picture.",
        "{a} looks simple from a distance, {joint} {clause}.",
        "Two things explain most of {a}: {reason} and {reason}.",
        "Think of {a} as {part} that {who} could draw on a napkin.",
        "There is one {adj} answer about {a}, and there is a better one.",
    ];

    public static readonly string[] Returns =
    [
        "As you asked before about {earlier}, the same thread runs through {a}.",
        "This ties back to {earlier}, which you brought up earlier.",
        "Earlier we touched on {earlier}; {a} picks up where that stopped.",
    ];

    public static readonly string[] Bodies =
    [
        "In practice {a} {does} {b}, {joint} {clause}.",
        "{who} would {act}, then decide whether {b} is worth the {reason}.",
        "Most of the difficulty hides in {reason}, not in {a} itself.",
        "It helps to keep {a} and {b} apart, {joint} {clause}.",
        "If {b} changes {adv}, then {a} will follow {time}.",
        "What looks like {part} turns out to be {part} with a {adj} name.",
        "The {adj} part is {b}: {clause}.",
        "Start with {b}, {act}, and only then return to {a}.",
        "A {adj} example makes this concrete: {time}, {who} noticed that {clause}.",
        "Without {b}, the whole of {a} comes down to {parts}.",
        "Some would call {a} {part}; I would say it {does} {parts}.",
        "The numbers around {b} are {adv} stable, {joint} {clause}.",
        "One warning about {b}: {parts} look harmless {time}.",
        "That is why {a} feels {adj} to {who} and obvious to {who}.",
    ];

    public static readonly string[] Closings =
    [
        "So, for {a}, {act} and let {reason} guide the rest.",
        "In the end {a} rewards {who} who will {act}.",
        "If you remember one thing about {a}, let it be that {clause}.",
        "From here, the next useful question is how {b} behaves {time}.",
        "That is the core of {a}; the details {adv} follow.",
    ];

    public static readonly string[] Thoughts =
    [
        "The question is about {a}.",
        "I should separate {a} from {b} before I answer.",
        "The user probably wants something {adj} and direct.",
        "What does {a} depend on? It {does} {parts}, I think.",
        "I could mention {b}, {joint} {clause}.",
        "Let me check that against a {adj} case {time}.",
        "Then the plan is clear: open with {a}, give one example, close.",
    ];

    /// <summary>What invalid weights produce: words of no language.</summary>
    public static readonly string[] Noise =
    [
        "qzzv", "xkrrt", "wvuqj", "zzpth", "gkxw", "vrrqn", "jjbx", "tzzkd", "hqwxv", "pfvzk", "xxoq", "bvnzq", "krzzt", "wqjf", "zvxm", "qqhd",
    ];
}
