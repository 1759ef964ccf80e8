namespace Podvirt.Core.Replies;

/// <summary>
/// Reads the chunks of one stream, as <see cref="ChunkFacts.TryRead"/> does. What stands before <c>choices</c> (id, object,
/// time, model) is the same in all of them: a chunk that starts with the very same bytes is read on from there.
/// </summary>
public sealed class ChunkReader
{
    // With a long model name; what is longer is read every time.
    private const int StartBytesMax = 256;

    private byte[] _start = [];
    private int _startLength;

    /// <summary>What this stream's chunks start with, up to <c>choices</c>; empty where that is unknown.</summary>
    public ReadOnlySpan<byte> Start => _start.AsSpan(0, _startLength);

    /// <summary>Reads the next chunk's JSON. False when it is not a JSON object.</summary>
    public bool TryRead(ReadOnlySpan<byte> json, out ChunkFacts facts)
    {
        var isKnown = _startLength > 0 && json.StartsWith(_start.AsSpan(0, _startLength));
        if (!ChunkFacts.TryRead(json, isKnown ? _startLength : 0, out facts, out var choicesAt))
        {
            return false;
        }
        if (!isKnown)
        {
            Learn(json[..choicesAt]);
        }
        return true;
    }

    private void Learn(ReadOnlySpan<byte> start)
    {
        // A chunk that starts with its choices, or has none, teaches nothing.
        if (start.Length is <= 1 or > StartBytesMax)
        {
            return;
        }
        if (_start.Length == 0)
        {
            _start = new byte[StartBytesMax];
        }
        start.CopyTo(_start);
        _startLength = start.Length;
    }
}
