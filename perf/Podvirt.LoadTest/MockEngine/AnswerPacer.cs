using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>
/// Produces all answers at their pace: one queue of due tokens, one <c>send</c> for each event. A reader that takes nothing stops its own answer
/// and no other.
/// </summary>
/// <param name="tick">Tokens that fall due within one tick are sent one after the other in one wake-up, in nanoseconds.</param>
/// <param name="lost">Told of a connection whose peer turned out to be gone.</param>
internal sealed class AnswerPacer(long tick, Action<EngineConnection> lost)
{
    private readonly PriorityQueue<EngineStream, long> _due = new();
    private readonly EventWriter _writer = new();

    /// <summary>Tokens sent so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>When the first answer was complete; 0: none is. That is when an engine's first user knows that it works.</summary>
    public long FirstCompleted { get; private set; }

    /// <summary>Nanoseconds until something is due, at most <paramref name="max"/>.</summary>
    public long PauseFrom(long now, long max) =>
        _due.TryPeek(out _, out var due) ? Math.Clamp(((due + tick - 1) / tick * tick) - now, 0, max) : max;

    public void SendDue()
    {
        var now = MonotonicClock.Now;
        while (_due.TryPeek(out var stream, out var due) && due <= now)
        {
            _ = _due.Dequeue();
            Advance(stream);
        }
    }

    /// <summary>Begins an answer; what is due at once is sent at once.</summary>
    public void Begin(EngineStream stream)
    {
        var request = stream.Request;
        stream.Connection.Stream = stream;
        stream.Connection.BytesSent = 0;
        stream.Due = stream.Arrived + request.First + (request.Stream ? 0 : request.Gap * request.Tokens);
        if (request.Stream)
        {
            Send(stream, EventWriter.StreamHead);
        }
        if (stream.Due <= stream.Arrived)
        {
            Advance(stream);
        }
        else
        {
            _due.Enqueue(stream, stream.Due);
        }
    }

    /// <summary>The reader takes again: goes on at the pace from here.</summary>
    public void Resume(EngineStream stream)
    {
        if (stream.Sent == stream.Request.Tokens)
        {
            FinishStream(stream);
            return;
        }
        stream.Due = MonotonicClock.Now + stream.Request.Gap;
        _due.Enqueue(stream, stream.Due);
    }

    /// <summary>Sends one more token and says when the next is due. A blocked answer waits for <see cref="Resume"/> instead.</summary>
    private void Advance(EngineStream stream)
    {
        if (!stream.Running)
        {
            return;
        }
        if (!stream.Request.Stream)
        {
            FinishPlain(stream);
            return;
        }
        if (!stream.HasRole)
        {
            stream.HasRole = true;
            Send(stream, _writer.Role(stream));
        }
        if (stream.IsWritable)
        {
            stream.Sent++;
            Tokens++;
            Send(stream, _writer.Delta(stream, stream.Sent, MonotonicClock.Now));
        }
        if (!stream.IsWritable)
        {
            return;
        }
        if (stream.Sent == stream.Request.Tokens)
        {
            FinishStream(stream);
            return;
        }
        // The pace is kept from the first token on: a late wake-up does not add up.
        stream.Due += stream.Request.Gap;
        _due.Enqueue(stream, stream.Due);
    }

    private void FinishStream(EngineStream stream)
    {
        if (stream.Request.IncludeUsage)
        {
            Send(stream, _writer.Usage(stream));
        }
        Send(stream, EventWriter.Done);
        Send(stream, EventWriter.LastChunk);
        End(stream);
    }

    private void FinishPlain(EngineStream stream)
    {
        stream.Sent = stream.Request.Tokens;
        Tokens += stream.Sent;
        Send(stream, _writer.Plain(stream, MonotonicClock.Now));
        End(stream);
    }

    private void End(EngineStream stream)
    {
        if (!stream.Running)
        {
            return;
        }
        stream.Running = false;
        stream.Connection.Stream = null;
        FirstCompleted = FirstCompleted == 0 ? MonotonicClock.Now : FirstCompleted;
    }

    private void Send(EngineStream stream, ReadOnlySpan<byte> bytes)
    {
        if (stream.Running && !stream.Connection.Send(bytes))
        {
            lost(stream.Connection);
        }
    }
}
