namespace Podvirt.Simulator.Tokens;

/// <summary>The tokens that stand for the chat template, for thinking and for images; each is one token however long its text is.</summary>
internal static class SpecialTokens
{
    public const int End = 0;
    public const int System = 1;
    public const int User = 2;
    public const int Assistant = 3;
    public const int Tool = 4;
    public const int ThinkOpen = 5;
    public const int ThinkClose = 6;
    public const int Image = 7;

    public const string ThinkOpenText = "<think>";
    public const string ThinkCloseText = "</think>";

    private static readonly string[] _texts =
        ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", ThinkOpenText, ThinkCloseText, "<|image|>"];

    public static string? TextOf(int id) => id < _texts.Length ? _texts[id] : null;
}
