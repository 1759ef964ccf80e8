using System.Buffers;
using Podvirt.Core.Sse;
using Podvirt.Core.Thinking;

namespace Podvirt.Chats;

/// <summary>
/// Reads an answer's stream into its state: comments say what it waits for, chunks bring text, thinking, counts and the
/// reason of the end, and every frame is taken down. Used by one flow.
/// </summary>
internal sealed class AnswerReader(AnswerState state, FrameLog frames)
{
    /// <summary>As long as the gateway lets an event be.</summary>
    private const int EventBytesMax = 1 << 20;

    private readonly ChatChunk _chunk = new();
    private readonly ArrayBufferWriter<byte> _partial = new();
    private byte[] _joined = [];
    private SseScanner _scanner;
    private ThinkSplitter _splitter;
    private AnswerFacts _facts = state.Facts;
    private TimeSpan _at;
    private TimeSpan? _thinkingAt;
    private TimeSpan? _firstAt;
    private long _tokens;
    private long _thinkingTokens;
    private long _counted;

    /// <summary>The end mark came: the answer is whole.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Text or thinking came.</summary>
    public bool HasOutput => _firstAt is not null;

    /// <summary>In the middle of the stream.</summary>
    public AnswerError? Error { get; private set; }

    /// <summary>The state's facts, to be changed here: this is their one writer.</summary>
    public AnswerFacts Facts
    {
        get => _facts;
        set
        {
            _facts = value;
            state.Set(value);
        }
    }

    /// <param name="bytes">The next ones of the stream.</param>
    /// <param name="at">Since the request.</param>
    public void Take(in ReadOnlySequence<byte> bytes, TimeSpan at)
    {
        _at = at;
        foreach (var segment in bytes)
        {
            Take(segment.Span);
        }
        state.Publish();
    }

    /// <summary>The stream is over, at its end mark or anywhere.</summary>
    public void End(TimeSpan at)
    {
        _at = at;
        if (_partial.WrittenCount > 0)
        {
            // Of an event that was cut: for those who look at bytes only.
            frames.Add(Micros(at), _partial.WrittenSpan);
            _partial.ResetWrittenCount();
        }
        var before = state.Extent;
        _splitter.End(state);
        NoteTimes(before);
        if (_thinkingAt is { } began && _facts.ThinkingMs is null)
        {
            Facts = _facts with { ThinkingMs = Milliseconds(at - began) };
        }
    }

    private static long Milliseconds(TimeSpan span) => (long)span.TotalMilliseconds;

    private static long Micros(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    private void Take(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var length = _scanner.FindEventEnd(bytes);
            if (length < 0)
            {
                Keep(bytes);
                return;
            }
            if (_partial.WrittenCount == 0)
            {
                TakeEvent(bytes[..length]);
            }
            else
            {
                Keep(bytes[..length]);
                TakeEvent(_partial.WrittenSpan);
                _partial.ResetWrittenCount();
            }
            bytes = bytes[length..];
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_partial.WrittenCount + bytes.Length > EventBytesMax)
        {
            throw new InvalidDataException($"An event is longer than {EventBytesMax} bytes.");
        }
        _partial.Write(bytes);
    }

    private void TakeEvent(ReadOnlySpan<byte> sseEvent)
    {
        frames.Add(Micros(_at), sseEvent);
        var data = SseEvent.FindData(sseEvent);
        if (data.Lines == 0)
        {
            TakeComments(sseEvent);
            return;
        }
        var json = data.Lines == 1 ? sseEvent.Slice(data.Start, data.Length) : Joined(sseEvent);
        if (json.SequenceEqual("[DONE]"u8))
        {
            IsWhole = Error is null;
            return;
        }
        TakeChunk(json);
    }

    private ReadOnlySpan<byte> Joined(ReadOnlySpan<byte> sseEvent)
    {
        if (_joined.Length < sseEvent.Length)
        {
            _joined = new byte[sseEvent.Length];
        }
        return _joined.AsSpan(0, SseEvent.JoinData(sseEvent, _joined));
    }

    private void TakeComments(ReadOnlySpan<byte> sseEvent)
    {
        var at = 0;
        while (SseEvent.TryReadLine(sseEvent, ref at, out var start, out var length))
        {
            if (StreamComment.Read(sseEvent.Slice(start, length)) is not { } comment)
            {
                continue;
            }
            if (comment.Word == StreamComment.Routed)
            {
                Facts = _facts with
                {
                    Replica = comment.Text("replica"),
                    Affinity = comment.Text("affinity"),
                    ParkedMs = comment.Number("parked_ms"),
                    Wait = null,
                };
            }
            else if (comment.ToWait() is { } wait && !HasOutput)
            {
                Facts = _facts with { Wait = wait };
            }
        }
    }

    private void TakeChunk(ReadOnlySpan<byte> json)
    {
        if (!_chunk.TryRead(json))
        {
            Error ??= new AnswerError("The stream carried something that is not JSON.", "engine_malformed");
            return;
        }
        Error ??= _chunk.Error;
        var hasOutput = _chunk.Text.Length > 0 || _chunk.Thinking.Length > 0;
        if (hasOutput && _firstAt is null)
        {
            _firstAt = _at;
            Facts = _facts with { Status = AnswerStatus.Streaming, FirstTokenMs = Milliseconds(_at), Wait = null };
        }
        var before = state.Extent;
        _splitter.PushThinking(_chunk.Thinking, state);
        _splitter.Push(_chunk.Text, state);
        NoteTimes(before);
        NoteCounts(before, hasOutput);
        if (_chunk.Finish is { } finish)
        {
            Facts = _facts with { Finish = finish };
        }
    }

    private void NoteTimes(AnswerPlace before)
    {
        var now = state.Extent;
        if (now.Thinking > 0)
        {
            // Where the opening tag was in the prompt, the first of the thinking was taken for the answer.
            _thinkingAt ??= now.Edition == before.Edition ? _at : _firstAt;
        }
        if (_thinkingAt is { } began && now.Text > 0 != _facts.ThinkingMs is not null)
        {
            Facts = _facts with { ThinkingMs = now.Text > 0 ? Milliseconds(_at - began) : null };
        }
    }

    // A frame is a token, or as many as the engine's count grew by with it.
    private void NoteCounts(AnswerPlace before, bool hasOutput)
    {
        var usage = _chunk.Usage;
        var tokens = !hasOutput ? 0 : usage is { } now ? Math.Max(0, now.Completion - _counted) : 1;
        _counted = usage?.Completion ?? _counted;
        _tokens += tokens;
        var extent = state.Extent;
        _thinkingTokens = extent.Edition != before.Edition ? _tokens
            : extent.Thinking > before.Thinking ? _thinkingTokens + tokens : _thinkingTokens;
        var exact = usage?.Reasoning > 0 ? usage.Value.Reasoning : _facts.ThinkingTokensExact ? _facts.ThinkingTokens : null;
        var thinking = exact ?? (extent.Thinking > 0 ? _thinkingTokens : null);
        if (usage is not null || thinking != _facts.ThinkingTokens)
        {
            Facts = _facts with
            {
                Usage = usage is { } counts ? new AnswerUsage(counts.Prompt, counts.Cached, counts.Completion, counts.Reasoning) : _facts.Usage,
                ThinkingTokens = thinking,
                ThinkingTokensExact = exact is not null,
            };
        }
    }
}
