using System.Buffers;
using System.IO.Compression;
using MessagePack;

namespace Podvirt.Messaging.Nats.Contracts;

/// <summary>
/// How one type of message travels: a MessagePack array of its major version and its fields. Fields are only ever added, at the
/// end, so that older and newer processes understand each other; a change that an older reader would get wrong is a new major
/// version, which it refuses. Long messages are compressed as a whole.
/// </summary>
/// <param name="version">The major version that this process writes, and the newest that it reads.</param>
/// <param name="fields">How many fields follow the version.</param>
/// <param name="write">Writes exactly so many.</param>
/// <param name="read">Reads them, from the field after the version on.</param>
internal sealed class MessageContract<T>(int version, int fields, WriteValue<T> write, ReadValue<T> read)
    where T : class
{
    /// <summary>Longer ones are compressed: a table of ten thousand models must fit into one message of the server's.</summary>
    private const int PlainBytesMax = 64 * 1024;

    /// <summary>No message is nearly as long; a damaged one may say so.</summary>
    private const int BytesMax = 256 * 1024 * 1024;

    /// <summary>How gzip begins, and an array cannot.</summary>
    private static ReadOnlySpan<byte> GzipMark => [0x1f, 0x8b];

    public int Version => version;

    /// <param name="buffer">Empty; what it is left with is the message.</param>
    /// <param name="message">What to write.</param>
    public void Write(ArrayBufferWriter<byte> buffer, T message)
    {
        var writer = new FieldWriter(buffer);
        writer.Begin(fields + 1);
        writer.Number(version);
        write(ref writer, message);
        writer.Flush();
        if (buffer.WrittenCount > PlainBytesMax)
        {
            Compress(buffer);
        }
    }

    /// <exception cref="NewerVersionException">It is of a newer major version.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or no message of this type.</exception>
    public T Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var reader = new FieldReader(new ReadOnlySequence<byte>(bytes.Span.StartsWith(GzipMark) ? Decompress(bytes) : bytes));
            var outer = reader.Begin();
            var written = reader.Int();
            if (written > version)
            {
                throw new NewerVersionException(written, version);
            }
            var message = read(ref reader);
            reader.End(outer);
            return message;
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or FormatException or OverflowException or UriFormatException or ArgumentException)
        {
            throw new InvalidDataException($"No {typeof(T).Name}: {e.Message}", e);
        }
    }

    private static void Compress(ArrayBufferWriter<byte> buffer)
    {
        using var compressed = new MemoryStream(buffer.WrittenCount / 4);
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(buffer.WrittenSpan);
        }
        buffer.ResetWrittenCount();
        buffer.Write(compressed.GetBuffer().AsSpan(0, (int)compressed.Length));
    }

    private static ReadOnlyMemory<byte> Decompress(ReadOnlyMemory<byte> bytes)
    {
        using var source = new MemoryStream(bytes.ToArray());
        using var gzip = new GZipStream(source, CompressionMode.Decompress);
        using var plain = new MemoryStream(bytes.Length * 8);
        var chunk = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            for (int read; (read = gzip.Read(chunk)) > 0;)
            {
                if (plain.Length + read > BytesMax)
                {
                    throw new InvalidDataException($"No {typeof(T).Name}: it is longer than {BytesMax} bytes.");
                }
                plain.Write(chunk, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
        return plain.GetBuffer().AsMemory(0, (int)plain.Length);
    }
}

/// <summary>A message that only a newer process can read.</summary>
internal sealed class NewerVersionException(int written, int known) : Exception($"It has version {written}; this process knows {known}.")
{
    public int Written { get; } = written;
}
