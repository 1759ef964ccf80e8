using System.Buffers;
using System.Text;
using MessagePack;

namespace Podvirt.Metering.Streams;

/// <summary>
/// Texts that come again and again, as one string each: names of projects, models and replicas. A place holds the text that
/// came last, so the size is fixed and nothing is ever evicted in a rush. Threads that meet here make a text twice at worst.
/// </summary>
internal sealed class TextCache
{
    /// <summary>A power of two. Two thousand models with their replicas, keys and projects find their places.</summary>
    private const int Places = 16_384;

    /// <summary>Longer ones are rare, and hashing them costs as much as making them.</summary>
    private const int BytesMax = 256;

    private readonly Entry?[] _entries = new Entry?[Places];

    /// <exception cref="InvalidDataException">Nil where a text belongs.</exception>
    public string Read(ref MessagePackReader reader)
    {
        if (!reader.TryReadStringSpan(out var span))
        {
            // In two pieces, or nil.
            var sequence = reader.ReadStringSequence() ?? throw new InvalidDataException("a usage record without one of its texts");
            return sequence.Length == 0 ? "" : Encoding.UTF8.GetString(sequence);
        }
        return Of(span);
    }

    private string Of(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > BytesMax)
        {
            return utf8.IsEmpty ? "" : Encoding.UTF8.GetString(utf8);
        }
        var hash = new HashCode();
        hash.AddBytes(utf8);
        var place = hash.ToHashCode() & (Places - 1);
        if (_entries[place] is { } entry && utf8.SequenceEqual(entry.Utf8))
        {
            return entry.Text;
        }
        var made = new Entry(utf8.ToArray(), Encoding.UTF8.GetString(utf8));
        _entries[place] = made;
        return made.Text;
    }

    private sealed record Entry(byte[] Utf8, string Text);
}
