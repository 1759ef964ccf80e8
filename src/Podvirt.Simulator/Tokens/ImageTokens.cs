using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Tokens;

/// <summary>What an image is to a model that sees: a fixed number of tokens, the last of which tell one image from another.</summary>
internal static class ImageTokens
{
    /// <summary>Tokens that every image costs, whatever its size: as many as a 448 by 448 image in patches of 28.</summary>
    public const int PerImage = 256;

    // Three digits are one token.
    private const int NameTokens = 3;
    private const ulong Names = 1_000_000_000;

    public static void Add(string address, List<int> tokens)
    {
        for (var i = 0; i < PerImage - NameTokens; i++)
        {
            tokens.Add(SpecialTokens.Image);
        }

        Tokenizer.Encode($"{Chooser.Hash(address) % Names:D9}", tokens);
    }
}
