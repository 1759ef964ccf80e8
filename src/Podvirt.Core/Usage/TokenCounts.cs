using System.Runtime.InteropServices;

namespace Podvirt.Core.Usage;

/// <summary>An engine's own cumulative counts for one request, as last read.</summary>
/// <param name="Prompt">All prompt tokens, cached ones included.</param>
/// <param name="Cached">Those of <paramref name="Prompt"/> that came from the prefix cache.</param>
/// <param name="Completion">All generated tokens, reasoning included.</param>
/// <param name="Reasoning">Those of <paramref name="Completion"/> that the engine reported as reasoning.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TokenCounts(long Prompt, long Cached, long Completion, long Reasoning)
{
    public static TokenCounts operator +(TokenCounts a, TokenCounts b) => Add(a, b);

    public static TokenCounts Add(TokenCounts a, TokenCounts b) => new(
        checked(a.Prompt + b.Prompt),
        checked(a.Cached + b.Cached),
        checked(a.Completion + b.Completion),
        checked(a.Reasoning + b.Reasoning));
}
