using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Podvirt.Core.Requests;
using Podvirt.Core.Sse;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Takes one complete event after the other and writes to the client what this engine would have sent for the client's own options.
/// Here is what all event streams have in common; what an event says, and how an end is spelled, is each surface's own: one subclass
/// a dialect.
/// </summary>
internal abstract class EventEditor(Exchange exchange, ClientReply reply) : IDisposable
{
    // Of what an engine said wrong, in the log.
    private const int ShownBytesMax = 200;

    private byte[] _joined = [];
    private byte[]? _end;
    private bool _droppedUpToCarriageReturn;
    private bool _hasBegun;

    /// <summary>
    /// Set once the stream is over: <see cref="RelayEnd.Completed"/> at its last event, which is then held back;
    /// <see cref="RelayEnd.QuotaSpent"/> at an event beyond the request's limits, which is not handed on.
    /// </summary>
    public RelayEnd? End { get; protected set; }

    public bool HasForwarded { get; private set; }

    public bool HasUnflushed { get; set; }

    /// <summary>The model has not answered anything so far, and of what came before nothing has been handed on.</summary>
    public virtual bool AwaitsOutput => false;

    /// <summary>Longest event. Chunks have a few hundred bytes; with logprobs of many tokens some ten thousand.</summary>
    public virtual int EventBytesMax => 1024 * 1024;

    protected Exchange Exchange => exchange;

    protected ClientReply Reply => reply;

    /// <summary>For the request's surface.</summary>
    public static EventEditor For(Exchange exchange, ClientReply reply) => exchange.Surface.Kind switch
    {
        RequestSurface.Responses => new ResponseEditor(exchange, reply),
        RequestSurface.Messages => new MessageEditor(exchange, reply),
        RequestSurface.Speech => new SpeechEditor(exchange, reply),
        _ => new ChunkEditor(exchange, reply),
    };

    public void Process(ReadOnlySpan<byte> sseEvent)
    {
        if (!_hasBegun)
        {
            // Clients ignore a byte order mark at the start of a stream, where comments may stand by now.
            _hasBegun = true;
            sseEvent = sseEvent.StartsWith("\uFEFF"u8) ? sseEvent["\uFEFF"u8.Length..] : sseEvent;
        }
        if (_droppedUpToCarriageReturn && sseEvent[0] == (byte)'\n')
        {
            sseEvent = sseEvent[1..];
        }
        _droppedUpToCarriageReturn = false;
        var data = SseEvent.FindData(sseEvent);
        if (data.Lines == 0)
        {
            Forward(sseEvent);
            return;
        }
        if (data.Lines == 1)
        {
            ProcessData(sseEvent, sseEvent.Slice(data.Start, data.Length), data.Start);
            return;
        }
        ProcessData(sseEvent, Join(sseEvent), dataStart: -1);
    }

    /// <summary>The event is longer than any engine's.</summary>
    public void RefuseEvent() => End = RelayEnd.EngineMalformed;

    /// <summary>Writes the last event that was held back, as the engine spelled it.</summary>
    public void WriteEnd()
    {
        Begin();
        reply.Writer.Write(_end);
        HasUnflushed = true;
    }

    /// <summary>Ends the stream in the engine's place, as its engine would at the most tokens that were asked for.</summary>
    /// <param name="cost">A further member of the last counts.</param>
    public abstract void WriteCut(ReadOnlySpan<byte> cost);

    public void Dispose()
    {
        if (_joined.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_joined);
            _joined = [];
        }
    }

    /// <summary>Works on one event.</summary>
    /// <param name="sseEvent">All of it.</param>
    /// <param name="data">Its data in one piece.</param>
    /// <param name="dataStart">Where in the event that stands; negative: it was joined from several lines.</param>
    protected abstract void ProcessData(ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart);

    /// <summary>Keeps the last event back.</summary>
    protected void HoldEnd(byte[] sseEvent, RelayEnd end)
    {
        _end = sseEvent;
        End = end;
    }

    /// <summary>Takes over what an event counts of the whole answer.</summary>
    /// <param name="tokens">The counts; null: it has none.</param>
    /// <param name="isBad">One of them cannot be.</param>
    /// <param name="usage">Where they stand.</param>
    /// <param name="data">The event's.</param>
    protected void TakeCounts(TokenCounts? tokens, bool isBad, ByteRange usage, ReadOnlySpan<byte> data)
    {
        if (tokens is { } counts)
        {
            exchange.ReadCounts(counts);
        }
        if (isBad)
        {
            exchange.Disbelieve($"it reported {Shown(usage.Of(data))}");
        }
    }

    /// <summary>Keeps a last event back that counts the answer; with its cost where the client asked for that.</summary>
    /// <param name="usage">Where the counts stand in the data; absent: there are none.</param>
    /// <param name="sseEvent">All of it.</param>
    /// <param name="data">Its data in one piece.</param>
    /// <param name="dataStart">As in <see cref="ProcessData"/>.</param>
    protected void HoldCountedEnd(ByteRange usage, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        if (exchange.Rates is null || !usage.IsPresent)
        {
            HoldEnd(Whole(sseEvent), RelayEnd.Completed);
            return;
        }
        var edited = new ArrayBufferWriter<byte>(sseEvent.Length + 64);
        WriteEvent(edited, new ByteRange(usage.End - 1, 0), UsageCost.Member(exchange.Quote()), sseEvent, data, dataStart);
        HoldEnd(Whole(edited.WrittenSpan), RelayEnd.Completed);
    }

    /// <summary>Tells an error that the engine reported in its stream.</summary>
    protected void TellError(ReadOnlySpan<byte> data)
    {
        Begin();
        reply.WriteError(EngineErrors.Normalise(502, data));
        MarkForwarded();
        End = RelayEnd.EngineError;
    }

    protected static string Shown(ReadOnlySpan<byte> json) =>
        Encoding.UTF8.GetString(json[..Math.Min(json.Length, ShownBytesMax)]).ReplaceLineEndings(" ");

    // Where a read ends between an event's last CR and LF, the LF comes at the start of the next event: it shares the
    // fate of the event that it belongs to.
    protected void Drop(ReadOnlySpan<byte> sseEvent)
    {
        if (sseEvent[0] == (byte)'\n')
        {
            Forward(sseEvent[..1]);
        }
        _droppedUpToCarriageReturn = sseEvent[^1] == (byte)'\r';
    }

    // A read may end between the last CR and LF. Nothing follows that would bring the LF.
    protected static byte[] Whole(ReadOnlySpan<byte> sseEvent) =>
        sseEvent.EndsWith("\n\r"u8) ? [.. sseEvent, (byte)'\n'] : sseEvent.ToArray();

    protected void Forward(ReadOnlySpan<byte> sseEvent)
    {
        Begin();
        reply.Writer.Write(sseEvent);
        MarkForwarded();
    }

    /// <summary>Hands an event on with something else in the place of a piece of its data.</summary>
    protected void ForwardEdited(ByteRange cut, byte[] instead, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        Begin();
        WriteEvent(reply.Writer, cut, instead, sseEvent, data, dataStart);
        MarkForwarded();
    }

    /// <summary>The same, written elsewhere.</summary>
    protected static void WriteEvent(
        IBufferWriter<byte> writer, ByteRange cut, byte[] instead, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        if (dataStart >= 0)
        {
            WriteEdited(writer, new ByteRange(dataStart + cut.Start, cut.Length), instead, sseEvent);
        }
        else
        {
            WriteJoined(writer, cut, instead, sseEvent, data);
        }
    }

    // Several data lines become one; the event's other lines stay as they came.
    private static void WriteJoined(IBufferWriter<byte> writer, ByteRange cut, byte[] instead, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> json)
    {
        var hasData = false;
        var at = 0;
        while (SseEvent.TryReadLine(sseEvent, ref at, out var start, out var length))
        {
            if (!SseEvent.IsData(sseEvent.Slice(start, length)))
            {
                writer.Write(sseEvent[start..at]);
            }
            else if (!hasData)
            {
                hasData = true;
                writer.Write("data: "u8);
                WriteEdited(writer, cut, instead, json);
                writer.Write(sseEvent[(start + length)..at]);
            }
        }
    }

    // In one piece: each piece handed to the host costs as much as copying some hundred bytes.
    private static void WriteEdited(IBufferWriter<byte> writer, ByteRange cut, byte[] instead, ReadOnlySpan<byte> text)
    {
        var length = text.Length - cut.Length + instead.Length;
        var span = writer.GetSpan(length);
        text[..cut.Start].CopyTo(span);
        instead.CopyTo(span[cut.Start..]);
        text[cut.End..].CopyTo(span[(cut.Start + instead.Length)..]);
        writer.Advance(length);
    }

    // Between lines of one JSON text a line feed is white space, so a blank serves as well and needs no new line.
    private ReadOnlySpan<byte> Join(ReadOnlySpan<byte> sseEvent)
    {
        if (_joined.Length < sseEvent.Length)
        {
            Dispose();
            _joined = ArrayPool<byte>.Shared.Rent(sseEvent.Length);
        }
        var joined = _joined.AsSpan(0, SseEvent.JoinData(sseEvent, _joined));
        joined.Replace((byte)'\n', (byte)' ');
        return joined;
    }

    /// <summary>Before anything is written.</summary>
    protected virtual void Begin()
    {
        reply.BeginStream(whileParked: false);
        reply.TellRouting();
    }

    protected void MarkForwarded()
    {
        if (!HasForwarded)
        {
            HasForwarded = true;
            exchange.ReleaseBody();
        }
        HasUnflushed = true;
    }
}
