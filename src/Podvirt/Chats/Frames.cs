using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Podvirt.Chats;

/// <summary>One event or comment of a stream as it came; of a plain answer, all of it.</summary>
/// <param name="N">From 1.</param>
/// <param name="AtUs">Microseconds since the request.</param>
internal sealed record Frame(long N, long AtUs, byte[] Bytes);

/// <summary>Frames that are kept together, compressed: each as time, length and bytes.</summary>
/// <param name="First">The first one's number.</param>
internal sealed record FrameBlock(long First, int Count, byte[] Packed)
{
    private const int HeadBytes = sizeof(long) + sizeof(int);

    public static void Write(IBufferWriter<byte> writer, long atUs, ReadOnlySpan<byte> frame)
    {
        var head = writer.GetSpan(HeadBytes);
        BinaryPrimitives.WriteInt64LittleEndian(head, atUs);
        BinaryPrimitives.WriteInt32LittleEndian(head[sizeof(long)..], frame.Length);
        writer.Advance(HeadBytes);
        writer.Write(frame);
    }

    public static byte[] Pack(ReadOnlySpan<byte> written)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest))
        {
            deflate.Write(written);
        }
        return packed.ToArray();
    }

    public IReadOnlyList<Frame> Unpack()
    {
        using var unpacked = new MemoryStream();
        using (var deflate = new DeflateStream(new MemoryStream(Packed, writable: false), CompressionMode.Decompress))
        {
            deflate.CopyTo(unpacked);
        }
        var bytes = unpacked.GetBuffer().AsSpan(0, (int)unpacked.Length);
        var frames = new List<Frame>(Count);
        while (!bytes.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[sizeof(long)..]);
            frames.Add(new Frame(First + frames.Count, BinaryPrimitives.ReadInt64LittleEndian(bytes), bytes.Slice(HeadBytes, length).ToArray()));
            bytes = bytes[(HeadBytes + length)..];
        }
        return frames;
    }
}

/// <summary>Takes frames down until a block of them is written. Used by one thread at a time.</summary>
/// <param name="bytesMax">Of all frames. The first one that does not fit, and all behind it, are left out.</param>
internal sealed class FrameLog(long bytesMax)
{
    private readonly ArrayBufferWriter<byte> _pending = new();
    private long _first = 1;
    private long _bytes;
    private int _count;

    public bool IsTruncated { get; private set; }

    /// <summary>Bytes that wait to be written.</summary>
    public int PendingBytes => _pending.WrittenCount;

    /// <summary>Nothing more is taken.</summary>
    public void Truncate() => IsTruncated = true;

    public void Add(long atUs, ReadOnlySpan<byte> frame)
    {
        IsTruncated |= _bytes + frame.Length > bytesMax;
        if (!IsTruncated)
        {
            FrameBlock.Write(_pending, atUs, frame);
            _bytes += frame.Length;
            _count++;
        }
    }

    /// <summary>Null where nothing came since the last one.</summary>
    public FrameBlock? Take()
    {
        if (_count == 0)
        {
            return null;
        }
        var block = new FrameBlock(_first, _count, FrameBlock.Pack(_pending.WrittenSpan));
        _first += _count;
        _count = 0;
        _pending.ResetWrittenCount();
        return block;
    }
}
