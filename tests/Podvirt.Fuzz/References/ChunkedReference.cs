using Podvirt.Core.Http;

namespace Podvirt.Fuzz.References;

internal enum ChunkedOutcome
{
    Unfinished,
    Complete,
    Malformed,
}

/// <param name="Unread">Bytes behind the one that ended it, or that was wrong.</param>
internal sealed record ChunkedBody(byte[] Payload, ChunkedOutcome Outcome, int Unread);

/// <summary>
/// A chunked body read in one piece from top to bottom, as the grammar of RFC 9112, 7.1 goes, with
/// <see cref="ChunkedDecoder"/>'s limits.
/// </summary>
internal sealed class ChunkedReference(byte[] wire)
{
    private const string HexDigits = "0123456789abcdef";

    private readonly List<byte> _payload = [];
    private int _at;

    public static ChunkedBody Read(ReadOnlySpan<byte> wire)
    {
        var reader = new ChunkedReference(wire.ToArray());
        var outcome = reader.ReadBody();
        return new ChunkedBody([.. reader._payload], outcome, wire.Length - reader._at);
    }

    private ChunkedOutcome ReadBody()
    {
        try
        {
            while (ReadSizeLine() is > 0 and var size)
            {
                for (var i = 0L; i < size; i++)
                {
                    _payload.Add(Next());
                }
                Expect('\r');
                Expect('\n');
            }
            ReadTrailers();
            return ChunkedOutcome.Complete;
        }
        catch (EndOfStreamException)
        {
            return ChunkedOutcome.Unfinished;
        }
        catch (FormatException)
        {
            return ChunkedOutcome.Malformed;
        }
    }

    // chunk-size [ BWS chunk-ext ] CRLF
    private long ReadSizeLine()
    {
        var size = 0L;
        var digits = 0;
        int b;
        while (HexDigits.Contains(char.ToLowerInvariant((char)(b = Next())), StringComparison.Ordinal))
        {
            size = (size * 16) + HexDigits.IndexOf(char.ToLowerInvariant((char)b), StringComparison.Ordinal);
            Require(++digits <= 15);
        }
        Require(digits > 0);

        // The first byte behind the size is free; of blanks alone the CR counts as well.
        var tail = 0;
        var isExtension = false;
        while (b != '\r')
        {
            isExtension |= b == ';';
            Require(isExtension ? b != '\n' : b is ' ' or '\t');
            Require(tail++ <= ChunkedDecoder.ExtensionBytesMax);
            b = Next();
            Require(b != '\r' || isExtension || tail <= ChunkedDecoder.ExtensionBytesMax);
        }
        Expect('\n');
        return size;
    }

    // *( field-line CRLF ) CRLF, together at most so many bytes. The empty line's LF is free.
    private void ReadTrailers()
    {
        var counted = 0;
        while (true)
        {
            var length = 0;
            int b;
            while ((b = Next()) != '\r')
            {
                Require(++counted <= ChunkedDecoder.TrailerBytesMax);
                Require(b != '\n');
                length++;
            }
            Require(++counted <= ChunkedDecoder.TrailerBytesMax);
            b = Next();
            if (length == 0)
            {
                Require(b == '\n');
                return;
            }
            Require(++counted <= ChunkedDecoder.TrailerBytesMax);
            Require(b == '\n');
        }
    }

    private byte Next() => _at < wire.Length ? wire[_at++] : throw new EndOfStreamException();

    private void Expect(char expected) => Require(Next() == expected);

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new FormatException();
        }
    }
}
