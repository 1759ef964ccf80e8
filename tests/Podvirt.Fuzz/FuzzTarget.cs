namespace Podvirt.Fuzz;

/// <summary>One parser with what it is held against.</summary>
internal abstract class FuzzTarget
{
    /// <summary>Also the name of its folder in the corpus.</summary>
    public abstract string Name { get; }

    /// <summary>Pieces that the grammar is made of, in Latin-1, for mutations to insert.</summary>
    public abstract IReadOnlyList<string> Tokens { get; }

    /// <summary>Members and values for mutations that keep JSON valid; null where inputs are no JSON.</summary>
    public virtual JsonWords? Json => null;

    /// <summary>Checks one input against everything that must hold for it.</summary>
    /// <param name="input">Any bytes.</param>
    /// <param name="splitting">The ways in which it arrives, where the parser takes pieces.</param>
    /// <returns>What kind of input it was: an input of a kind not seen so far is worth mutating further.</returns>
    /// <exception cref="FindingException">Something does not hold.</exception>
    public abstract int Check(ReadOnlyMemory<byte> input, Splitting splitting);
}

/// <summary>Words for mutations of JSON.</summary>
/// <param name="Names">Member names, with quotes.</param>
/// <param name="Values">Values.</param>
internal sealed record JsonWords(IReadOnlyList<string> Names, IReadOnlyList<string> Values);
