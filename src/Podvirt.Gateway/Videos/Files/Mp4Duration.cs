using System.Buffers.Binary;

namespace Podvirt.Gateway.Videos.Files;

/// <summary>How long an mp4 file says that it is: the movie header of ISO/IEC 14496-12, wherever in the file it stands.</summary>
internal static class Mp4Duration
{
    // More boxes than that before the one that is looked for are a file made to be read for ever.
    private const int BoxesMax = 10_000;
    private const int HeadBytes = 16;
    private const int MovieHeaderBytes = 32;

    /// <summary>Microseconds, rounded to the nearest; null: the file says nothing readable.</summary>
    public static long? Read(Stream file)
    {
        var movie = Find(file, 0, file.Length, "moov"u8);
        if (movie is not var (start, end))
        {
            return null;
        }
        if (Find(file, start, end, "mvhd"u8) is not var (header, headerEnd) || ReadHeader(file, header, headerEnd) is not var (scale, units))
        {
            return null;
        }
        if (units is 0 or null && Find(file, start, end, "mvex"u8) is var (extends, extendsEnd)
            && Find(file, extends, extendsEnd, "mehd"u8) is var (fragments, fragmentsEnd))
        {
            // In pieces: the header of all of them has the sum.
            units = ReadFragments(file, fragments, fragmentsEnd);
        }
        if (units is not > 0 || scale == 0)
        {
            return null;
        }
        var us = (((UInt128)units.Value * 1_000_000) + (scale / 2)) / scale;
        return us > long.MaxValue ? long.MaxValue : (long)us;
    }

    private static (uint Scale, ulong? Units)? ReadHeader(Stream file, long at, long end)
    {
        Span<byte> bytes = stackalloc byte[MovieHeaderBytes];
        if (!TryRead(file, at, end, bytes[..20]))
        {
            return null;
        }
        if (bytes[0] == 0)
        {
            var units = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
            return (BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), units == uint.MaxValue ? null : units);
        }
        if (bytes[0] != 1 || !TryRead(file, at, end, bytes))
        {
            return null;
        }
        var longUnits = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
        return (BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]), longUnits == ulong.MaxValue ? null : longUnits);
    }

    private static ulong? ReadFragments(Stream file, long at, long end)
    {
        Span<byte> bytes = stackalloc byte[12];
        if (!TryRead(file, at, end, bytes[..8]))
        {
            return null;
        }
        return bytes[0] == 0 ? BinaryPrimitives.ReadUInt32BigEndian(bytes[4..])
            : TryRead(file, at, end, bytes) ? BinaryPrimitives.ReadUInt64BigEndian(bytes[4..]) : null;
    }

    /// <summary>The inside of the first box of a kind.</summary>
    private static (long Start, long End)? Find(Stream file, long start, long end, ReadOnlySpan<byte> kind)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        var at = start;
        for (var boxes = 0; boxes < BoxesMax && TryRead(file, at, end, head[..8]); boxes++)
        {
            var size = (long)BinaryPrimitives.ReadUInt32BigEndian(head);
            var inside = at + 8;
            var isIt = head[4..8].SequenceEqual(kind);
            if (size == 1)
            {
                if (!TryRead(file, at, end, head))
                {
                    return null;
                }
                var large = BinaryPrimitives.ReadUInt64BigEndian(head[8..]);
                size = large > long.MaxValue ? 0 : (long)large;
                inside = at + HeadBytes;
                if (size < HeadBytes)
                {
                    return null;
                }
            }
            else if (size == 0)
            {
                // To the end of the file.
                size = end - at;
            }
            if (size < inside - at || size > end - at)
            {
                return null;
            }
            if (isIt)
            {
                return (inside, at + size);
            }
            at += size;
        }
        return null;
    }

    private static bool TryRead(Stream file, long at, long end, Span<byte> bytes)
    {
        if (end - at < bytes.Length)
        {
            return false;
        }
        file.Position = at;
        return file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;
    }
}
