using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Podvirt.Core.Replies;
using Podvirt.Core.Requests;
using Podvirt.Core.Sse;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Takes one complete event after the other: reads the counts and writes to the client what this engine would have
/// sent for the client's own options.
/// </summary>
internal sealed class EventEditor(Exchange exchange, ClientReply reply) : IDisposable
{
    private const int BitsOfWord = 64;

    // Of what an engine said wrong, in the log.
    private const int ShownBytesMax = 200;

    private static readonly byte[] s_done = "data: [DONE]\n\n"u8.ToArray();
    private static readonly byte[] s_null = "null"u8.ToArray();

    private readonly bool _wantsUsage = exchange.Request.WantsUsage;
    private readonly bool _wantsContinuous = exchange.Request.WantsUsage && exchange.Request.WantsContinuousUsage;
    private readonly bool _nullInsteadOfNothing = exchange.Surface.Kind == RequestSurface.Completions;
    private readonly ChunkReader _chunks = new();
    private byte[] _joined = [];
    private byte[]? _done;
    private ulong[] _finished = new ulong[1];
    private int _choices = 1;
    private bool _droppedUpToCarriageReturn;
    private bool _hasBegun;
    private bool _isAborted;

    /// <summary>
    /// Set once the stream is over: <see cref="RelayEnd.Completed"/> at <c>[DONE]</c>, which is then held back;
    /// <see cref="RelayEnd.QuotaSpent"/> at an event beyond the request's limits, which is not handed on.
    /// </summary>
    public RelayEnd? End { get; private set; }

    public bool HasForwarded { get; private set; }

    public bool HasUnflushed { get; set; }

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

    /// <summary>Writes the end mark that was held back, as the engine spelled it.</summary>
    public void WriteDone()
    {
        Begin();
        reply.Writer.Write(_done);
        HasUnflushed = true;
    }

    /// <summary>Ends the stream in the engine's place.</summary>
    /// <param name="cost">A further member of the usage chunk.</param>
    public void WriteCut(ReadOnlySpan<byte> cost)
    {
        Begin();
        CutWriter.Write(reply.Writer, exchange, _chunks.Start, Enumerable.Range(0, _choices).Where(choice => !IsFinished(choice)), cost);
        MarkForwarded();
    }

    public void Dispose()
    {
        if (_joined.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_joined);
            _joined = [];
        }
    }

    private void ProcessData(ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> json, int dataStart)
    {
        if (json.SequenceEqual("[DONE]"u8))
        {
            _done = sseEvent.SequenceEqual("data: [DONE]\n\n"u8) ? s_done : Whole(sseEvent);

            // What the engine gave up has not ended well, whatever follows.
            End = _isAborted ? RelayEnd.EngineAborted : RelayEnd.Completed;
            return;
        }
        if (!_chunks.TryRead(json, out var facts))
        {
            End = RelayEnd.EngineMalformed;
            return;
        }
        if (facts.HasUsage && facts.HasChoices)
        {
            if (!exchange.TryReadCounts(facts.Tokens, facts.Choice))
            {
                End = RelayEnd.QuotaSpent;
                return;
            }
        }
        else if (facts.HasUsage)
        {
            exchange.ReadCounts(facts.Tokens);
        }
        if (facts.HasBadUsage)
        {
            exchange.Disbelieve($"it reported {Shown(facts.UsageValue.Of(json))}");
        }
        if (facts.IsAborted)
        {
            _isAborted = true;
            if (!HasForwarded)
            {
                // Another replica may answer as if nothing had been.
                End = RelayEnd.EngineDied;
                return;
            }
        }
        if (facts.HasChoices)
        {
            exchange.SawOutput();
            NoteChoice(facts.Choice, facts.IsFinished);
        }
        if (facts.IsError)
        {
            Begin();
            ApiErrorWriter.WriteEvent(reply.Writer, EngineErrors.Normalise(502, json));
            MarkForwarded();
            End = RelayEnd.EngineError;
            return;
        }
        if (exchange.Rates is not null && _wantsUsage && facts.HasUsage && facts.ChoicesAreEmpty)
        {
            ForwardEdited(new ByteRange(facts.UsageValue.End - 1, 0), UsageCost.Member(exchange.Quote()), sseEvent, json, dataStart);
        }
        else if (!facts.UsageMember.IsPresent || _wantsContinuous || (!facts.HasUsage && (_wantsUsage || _nullInsteadOfNothing)))
        {
            Forward(sseEvent);
        }
        else if (facts.ChoicesAreEmpty && facts.HasUsage)
        {
            // The usage chunk at the end is for those who asked: others index into its empty choices.
            if (_wantsUsage)
            {
                Forward(sseEvent);
            }
            else
            {
                Drop(sseEvent);
            }
        }
        else
        {
            var (cut, instead) = (_nullInsteadOfNothing ? facts.UsageValue : facts.UsageMember, _nullInsteadOfNothing ? s_null : []);
            ForwardEdited(cut, instead, sseEvent, json, dataStart);
        }
    }

    private void NoteChoice(int choice, bool isFinished)
    {
        if (choice < 0 || choice >= exchange.ChoicesMax)
        {
            return;
        }
        _choices = Math.Max(_choices, choice + 1);
        if (!isFinished)
        {
            return;
        }
        if (choice / BitsOfWord >= _finished.Length)
        {
            Array.Resize(ref _finished, ((exchange.ChoicesMax - 1) / BitsOfWord) + 1);
        }
        _finished[choice / BitsOfWord] |= 1UL << choice;
    }

    private bool IsFinished(int choice) => choice / BitsOfWord < _finished.Length && (_finished[choice / BitsOfWord] >> choice & 1) != 0;

    private static string Shown(ReadOnlySpan<byte> json) =>
        Encoding.UTF8.GetString(json[..Math.Min(json.Length, ShownBytesMax)]).ReplaceLineEndings(" ");

    // Where a read ends between an event's last CR and LF, the LF comes at the start of the next event: it shares the
    // fate of the event that it belongs to.
    private void Drop(ReadOnlySpan<byte> sseEvent)
    {
        if (sseEvent[0] == (byte)'\n')
        {
            Forward(sseEvent[..1]);
        }
        _droppedUpToCarriageReturn = sseEvent[^1] == (byte)'\r';
    }

    // A read may end between the last CR and LF. Nothing follows that would bring the LF.
    private static byte[] Whole(ReadOnlySpan<byte> sseEvent) =>
        sseEvent.EndsWith("\n\r"u8) ? [.. sseEvent, (byte)'\n'] : sseEvent.ToArray();

    private void Forward(ReadOnlySpan<byte> sseEvent)
    {
        Begin();
        reply.Writer.Write(sseEvent);
        MarkForwarded();
    }

    private void ForwardEdited(ByteRange cut, byte[] instead, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> json, int dataStart)
    {
        Begin();
        if (dataStart >= 0)
        {
            WriteEdited(new ByteRange(dataStart + cut.Start, cut.Length), instead, sseEvent);
        }
        else
        {
            WriteJoined(cut, instead, sseEvent, json);
        }
        MarkForwarded();
    }

    // Several data lines become one; the event's other lines stay as they came.
    private void WriteJoined(ByteRange cut, byte[] instead, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> json)
    {
        var writer = reply.Writer;
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
                WriteEdited(cut, instead, json);
                writer.Write(sseEvent[(start + length)..at]);
            }
        }
    }

    // In one piece: each piece handed to the host costs as much as copying some hundred bytes.
    private void WriteEdited(ByteRange cut, byte[] instead, ReadOnlySpan<byte> text)
    {
        var length = text.Length - cut.Length + instead.Length;
        var span = reply.Writer.GetSpan(length);
        text[..cut.Start].CopyTo(span);
        instead.CopyTo(span[cut.Start..]);
        text[cut.End..].CopyTo(span[(cut.Start + instead.Length)..]);
        reply.Writer.Advance(length);
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

    private void Begin()
    {
        reply.BeginStream(whileParked: false);
        reply.TellRouting();
    }

    private void MarkForwarded()
    {
        if (!HasForwarded)
        {
            HasForwarded = true;
            exchange.ReleaseBody();
        }
        HasUnflushed = true;
    }
}
