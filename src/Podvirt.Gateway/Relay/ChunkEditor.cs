using Podvirt.Core.Replies;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// The chunks of OpenAI's chat and completions: counts on each where the engine was asked for them, taken out where the client did not
/// ask; <c>[DONE]</c> ends the stream.
/// </summary>
internal sealed class ChunkEditor(Exchange exchange, ClientReply reply) : EventEditor(exchange, reply)
{
    private const int BitsOfWord = 64;

    private static readonly byte[] s_done = "data: [DONE]\n\n"u8.ToArray();
    private static readonly byte[] s_null = "null"u8.ToArray();

    private readonly bool _wantsUsage = exchange.Request.WantsUsage;
    private readonly bool _wantsContinuous = exchange.Request.WantsUsage && exchange.Request.WantsContinuousUsage;
    private readonly bool _nullInsteadOfNothing = exchange.Surface.Kind == RequestSurface.Completions;
    private readonly ChunkReader _chunks = new();
    private ulong[] _finished = new ulong[1];
    private int _choices = 1;
    private bool _isAborted;

    public override void WriteCut(ReadOnlySpan<byte> cost)
    {
        Begin();
        CutWriter.Write(Reply.Writer, Exchange, _chunks.Start, Enumerable.Range(0, _choices).Where(choice => !IsFinished(choice)), cost);
        MarkForwarded();
    }

    protected override void ProcessData(ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            // What the engine gave up has not ended well, whatever follows.
            HoldEnd(sseEvent.SequenceEqual("data: [DONE]\n\n"u8) ? s_done : Whole(sseEvent), _isAborted ? RelayEnd.EngineAborted : RelayEnd.Completed);
            return;
        }
        if (!_chunks.TryRead(data, out var facts))
        {
            End = RelayEnd.EngineMalformed;
            return;
        }
        if (facts.HasUsage && facts.HasChoices)
        {
            if (!Exchange.TryReadCounts(facts.Tokens, facts.Choice))
            {
                End = RelayEnd.QuotaSpent;
                return;
            }
        }
        else if (facts.HasUsage)
        {
            Exchange.ReadCounts(facts.Tokens);
        }
        if (facts.HasBadUsage)
        {
            Exchange.Disbelieve($"it reported {Shown(facts.UsageValue.Of(data))}");
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
            Exchange.SawOutput();
            NoteChoice(facts.Choice, facts.IsFinished);
        }
        if (facts.IsError)
        {
            TellError(data);
            return;
        }
        if (Exchange.Rates is not null && _wantsUsage && facts.HasUsage && facts.ChoicesAreEmpty)
        {
            ForwardEdited(new ByteRange(facts.UsageValue.End - 1, 0), UsageCost.Member(Exchange.Quote()), sseEvent, data, dataStart);
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
            ForwardEdited(cut, instead, sseEvent, data, dataStart);
        }
    }

    private void NoteChoice(int choice, bool isFinished)
    {
        if (choice < 0 || choice >= Exchange.ChoicesMax)
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
            Array.Resize(ref _finished, ((Exchange.ChoicesMax - 1) / BitsOfWord) + 1);
        }
        _finished[choice / BitsOfWord] |= 1UL << choice;
    }

    private bool IsFinished(int choice) => choice / BitsOfWord < _finished.Length && (_finished[choice / BitsOfWord] >> choice & 1) != 0;
}
