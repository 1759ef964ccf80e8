using System.Buffers.Text;
using System.Text;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Generator;

/// <summary>What a reply's bytes turn out to be.</summary>
internal interface IReplySink
{
    void OnHead(ReplyHead head);

    void OnEvent(ReplyEvent item);

    /// <summary>The body's framing is complete.</summary>
    void OnEnd();
}

/// <summary>Reads replies from a connection in whatever pieces they come: head, chunked or counted body, events. Whole events are read where they lie.</summary>
internal sealed class ReplyReader
{
    private enum Part
    {
        Head,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Trailer,
        Counted,
    }

    private GrowingBuffer _framing;
    private GrowingBuffer _event;
    private Part _part;
    private int _remaining;
    private bool _events;

    /// <summary>Nothing of a reply has been read yet, or the last one was read to its end.</summary>
    public bool IsBetweenReplies => _part == Part.Head && _framing.IsEmpty;

    /// <exception cref="FormatException">The bytes are no HTTP.</exception>
    public void Read(ReadOnlySpan<byte> bytes, IReplySink sink)
    {
        if (_framing.IsEmpty)
        {
            _framing.Append(bytes[Consume(bytes, sink)..]);
            return;
        }
        _framing.Append(bytes);
        var held = _framing.Span;
        _framing.Consume(Consume(held, sink));
    }

    private int Consume(ReadOnlySpan<byte> bytes, IReplySink sink)
    {
        var at = 0;
        while (at < bytes.Length && Step(bytes[at..], sink, out var used))
        {
            at += used;
        }
        return at;
    }

    /// <summary>Reads one part's worth; false when it needs more bytes than there are.</summary>
    private bool Step(ReadOnlySpan<byte> bytes, IReplySink sink, out int used)
    {
        used = 0;
        switch (_part)
        {
            case Part.Head:
                return ReadHead(bytes, sink, out used);
            case Part.ChunkSize:
                return ReadChunkSize(bytes, out used);
            case Part.ChunkData or Part.Counted:
                used = Math.Min(bytes.Length, _remaining);
                _remaining -= used;
                ReadBody(bytes[..used], sink);
                EndData(sink);
                return true;
            case Part.ChunkEnd:
                used = 2;
                _part = Part.ChunkSize;
                return bytes.Length >= 2 || Undo(Part.ChunkEnd);
            default:
                used = bytes.IndexOf("\r\n"u8) + 2;
                if (used == 2)
                {
                    End(sink);
                }
                return used >= 2;
        }
    }

    private bool Undo(Part part)
    {
        _part = part;
        return false;
    }

    private bool ReadHead(ReadOnlySpan<byte> bytes, IReplySink sink, out int used)
    {
        used = bytes.IndexOf("\r\n\r\n"u8) + 4;
        if (used < 4)
        {
            return false;
        }
        var head = ReplyHead.Read(bytes[..(used - 4)]);
        _events = head.IsEventStream;
        _remaining = Math.Max(head.Length, 0);
        _part = head.IsChunked ? Part.ChunkSize : head.Length >= 0 ? Part.Counted : throw new FormatException("a reply without a length");
        sink.OnHead(head);
        if (_part == Part.Counted && _remaining == 0)
        {
            End(sink);
        }
        return true;
    }

    private bool ReadChunkSize(ReadOnlySpan<byte> bytes, out int used)
    {
        used = bytes.IndexOf("\r\n"u8) + 2;
        if (used < 2)
        {
            return false;
        }
        if (!Utf8Parser.TryParse(bytes[..(used - 2)], out _remaining, out var digits, 'x') || digits == 0)
        {
            throw new FormatException("a chunk without a size");
        }
        _part = _remaining == 0 ? Part.Trailer : Part.ChunkData;
        return true;
    }

    private void EndData(IReplySink sink)
    {
        if (_remaining > 0)
        {
            return;
        }
        if (_part == Part.Counted)
        {
            End(sink);
            return;
        }
        _part = Part.ChunkEnd;
    }

    private void End(IReplySink sink)
    {
        if (!_events)
        {
            // A plain reply is one event: the whole of it.
            sink.OnEvent(ReplyEvent.Read(_event.Span));
        }
        _event = default;
        _part = Part.Head;
        sink.OnEnd();
    }

    private void ReadBody(ReadOnlySpan<byte> bytes, IReplySink sink)
    {
        if (!_events)
        {
            _event.Append(bytes);
            return;
        }
        if (_event.IsEmpty)
        {
            _event.Append(bytes[ReadEvents(bytes, sink)..]);
            return;
        }
        _event.Append(bytes);
        var held = _event.Span;
        _event.Consume(ReadEvents(held, sink));
    }

    private static int ReadEvents(ReadOnlySpan<byte> bytes, IReplySink sink)
    {
        var at = 0;
        for (var end = bytes.IndexOf("\n\n"u8); end >= 0; end = bytes[at..].IndexOf("\n\n"u8))
        {
            sink.OnEvent(ReplyEvent.Read(bytes.Slice(at, end)));
            at += end + 2;
        }
        return at;
    }
}

/// <summary>What a reply's head says.</summary>
/// <param name="Length">-1: not counted.</param>
internal sealed record ReplyHead(int Status, bool IsChunked, int Length, bool IsEventStream, string? RequestId, string? Replica, string? Affinity)
{
    public static ReplyHead Read(ReadOnlySpan<byte> text)
    {
        var lines = Encoding.ASCII.GetString(text).Split("\r\n");
        string? Value(string name) => lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.OrdinalIgnoreCase) && l.Length > name.Length && l[name.Length] == ':')?[(name.Length + 1)..].Trim();
        return new ReplyHead(
            int.Parse(lines[0].AsSpan(9, 3)),
            string.Equals(Value("transfer-encoding"), "chunked", StringComparison.OrdinalIgnoreCase),
            Value("content-length") is { } length ? int.Parse(length) : -1,
            Value("content-type")?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) ?? false,
            Value("x-request-id"),
            Value("x-podvirt-replica"),
            Value("x-podvirt-affinity"));
    }
}
