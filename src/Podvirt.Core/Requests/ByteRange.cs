namespace Podvirt.Core.Requests;

/// <summary>A piece of a body by offset. <see cref="IsPresent"/> is false for the default.</summary>
public readonly record struct ByteRange(int Start, int Length)
{
    public bool IsPresent => Length > 0;

    public int End => Start + Length;

    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> body) => body.Slice(Start, Length);
}
