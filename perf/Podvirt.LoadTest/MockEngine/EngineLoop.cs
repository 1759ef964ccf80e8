using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>
/// The engine: one thread, one epoll, one queue of due tokens. Each event is one <c>send</c>. A reader that takes nothing stops its own
/// stream and no other.
/// </summary>
internal sealed class EngineLoop : IDisposable
{
    /// <summary>How long a question from outside may wait for its answer.</summary>
    private const long QuestionPause = 10 * MonotonicClock.Millisecond;

    private readonly EngineOptions _options;
    private readonly Epoll _epoll = new();
    private readonly int _listener;
    private readonly EngineConnection?[] _connections = new EngineConnection?[65_536];
    private readonly PriorityQueue<EngineStream, long> _due = new();
    private readonly EventWriter _writer = new();
    private readonly byte[] _received = new byte[64 * 1024];
    private readonly ConcurrentQueue<TaskCompletionSource<EngineReport>> _questions = new();
    private readonly List<AbandonedStream> _abandoned = [];
    private long _requests;
    private long _tokens;
    private long _bytes;
    private long _number;

    public EngineLoop(EngineOptions options)
    {
        _options = options;
        (_listener, Port) = TcpSocket.Listen(options.Listen, options.SendBuffer);
        _epoll.Add(_listener, Libc.ReadEvent, _listener);
    }

    public int Port { get; }

    /// <summary>What was seen since the last question. From any thread.</summary>
    public Task<EngineReport> ReportAsync()
    {
        var question = new TaskCompletionSource<EngineReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        _questions.Enqueue(question);
        return question.Task;
    }

    /// <summary>1. Send what is due. 2. Answer questions. 3. Wait for the next tick that has something due, or for the network. 4. Read.</summary>
    public void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var now = MonotonicClock.Now;
            while (_due.TryPeek(out var stream, out var due) && due <= now)
            {
                _ = _due.Dequeue();
                Advance(stream);
            }
            while (_questions.TryDequeue(out var question))
            {
                question.SetResult(TakeReport());
            }
            var events = _epoll.Wait(PauseFrom(MonotonicClock.Now));
            for (var i = 0; i < events; i++)
            {
                Handle(_epoll.TokenOf(i), _epoll.EventsOf(i));
            }
        }
    }

    public void Dispose()
    {
        TcpSocket.Close(_listener);
        _epoll.Dispose();
    }

    private long PauseFrom(long now)
    {
        if (!_due.TryPeek(out _, out var due))
        {
            return QuestionPause;
        }
        var tick = (due + _options.Tick - 1) / _options.Tick * _options.Tick;
        return Math.Clamp(tick - now, 0, QuestionPause);
    }

    private void Handle(int token, int events)
    {
        if (token == _listener)
        {
            Accept();
        }
        else if (_connections[token] is { } connection)
        {
            if ((events & Libc.WriteEvent) != 0)
            {
                Flush(connection);
            }
            if (connection.IsOpen && (events & ~Libc.WriteEvent) != 0)
            {
                Read(connection);
            }
        }
    }

    private void Accept()
    {
        for (var descriptor = TcpSocket.Accept(_listener); descriptor >= 0; descriptor = TcpSocket.Accept(_listener))
        {
            _connections[descriptor] = new EngineConnection(descriptor);
            _epoll.Add(descriptor, Libc.ReadEvent | Libc.PeerClosedEvent, descriptor);
        }
    }

    private void Read(EngineConnection connection)
    {
        var count = TcpSocket.Receive(connection.Descriptor, _received);
        if (count is 0 or TcpSocket.Gone)
        {
            Close(connection);
            return;
        }
        if (count > 0)
        {
            connection.Incoming.Append(_received.AsSpan(0, count));
            TakeRequest(connection);
        }
    }

    private void TakeRequest(EngineConnection connection)
    {
        var bytes = connection.Incoming.Span;
        if (connection.Stream is not null || !RequestHead.TryRead(bytes, out var head) || bytes.Length < head.Length + head.BodyLength)
        {
            return;
        }
        // The bytes stay where they are; what is consumed first is only their place, because an answer can end at once and look for the next request.
        connection.Incoming.Consume(head.Length + head.BodyLength);
        Answer(connection, head, bytes.Slice(head.Length, head.BodyLength));
    }

    private void Answer(EngineConnection connection, RequestHead head, ReadOnlySpan<byte> body)
    {
        switch (head.Path)
        {
            case "/health":
                Send(connection, _writer.Json([]));
                break;
            case "/v1/models":
                Send(connection, _writer.Json("{\"object\":\"list\",\"data\":[{\"id\":\"mock\",\"object\":\"model\",\"created\":1764000000,\"owned_by\":\"mock\"}]}"u8));
                break;
            case "/v1/chat/completions":
                Begin(connection, body);
                break;
            default:
                Send(connection, _writer.Json("{\"error\":{\"message\":\"no such path\",\"type\":\"NotFoundError\",\"param\":null,\"code\":404}}"u8, "404 Not Found"));
                break;
        }
    }

    private void Begin(EngineConnection connection, ReadOnlySpan<byte> body)
    {
        EngineRequest request;
        try
        {
            request = EngineRequest.Parse(body);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            Send(connection, _writer.Json(Encoding.UTF8.GetBytes($"{{\"error\":{{\"message\":\"{JsonEncodedText.Encode(error.Message)}\",\"type\":\"Bad Request\",\"param\":null,\"code\":400}}}}"), "400 Bad Request"));
            return;
        }
        _requests++;
        var now = MonotonicClock.Now;
        var stream = new EngineStream(connection, request, ++_number, now);
        connection.Stream = stream;
        connection.BytesSent = 0;
        stream.Due = now + request.First + (request.Stream ? 0 : request.Gap * request.Tokens);
        if (request.Stream)
        {
            Send(connection, EventWriter.StreamHead);
        }
        if (stream.Due <= now)
        {
            Advance(stream);
        }
        else
        {
            _due.Enqueue(stream, stream.Due);
        }
    }

    /// <summary>Sends one more token and says when the next is due. A blocked stream waits for <see cref="Flush"/> instead.</summary>
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
            Send(stream.Connection, _writer.Role(stream));
        }
        if (stream.Running && !stream.Connection.IsBlocked)
        {
            SendToken(stream);
        }
        if (!stream.Running || stream.Connection.IsBlocked)
        {
            return;
        }
        if (stream.Sent == stream.Request.Tokens)
        {
            FinishStream(stream);
            return;
        }
        // A late wake-up does not add up: the pace is kept from the first token on.
        stream.Due += stream.Request.Gap;
        _due.Enqueue(stream, stream.Due);
    }

    private void SendToken(EngineStream stream)
    {
        stream.Sent++;
        _tokens++;
        Send(stream.Connection, _writer.Delta(stream, stream.Sent, MonotonicClock.Now));
    }

    private void FinishStream(EngineStream stream)
    {
        var connection = stream.Connection;
        if (stream.Request.IncludeUsage)
        {
            Send(connection, _writer.Usage(stream));
        }
        Send(connection, EventWriter.Done);
        Send(connection, EventWriter.LastChunk);
        End(stream);
    }

    private void FinishPlain(EngineStream stream)
    {
        stream.Sent = stream.Request.Tokens;
        _tokens += stream.Sent;
        Send(stream.Connection, _writer.Plain(stream, MonotonicClock.Now));
        End(stream);
    }

    private void End(EngineStream stream)
    {
        stream.Running = false;
        stream.Connection.Stream = null;
        if (stream.Connection.IsOpen)
        {
            TakeRequest(stream.Connection);
        }
    }

    private void Send(EngineConnection connection, ReadOnlySpan<byte> bytes)
    {
        if (!connection.IsOpen)
        {
            return;
        }
        if (connection.IsBlocked)
        {
            connection.Outgoing.Append(bytes);
            return;
        }
        var sent = TcpSocket.Send(connection.Descriptor, bytes);
        if (sent == TcpSocket.Gone)
        {
            Close(connection);
            return;
        }
        sent = Math.Max(sent, 0);
        connection.BytesSent += sent;
        _bytes += sent;
        if (sent < bytes.Length)
        {
            connection.Outgoing.Append(bytes[sent..]);
            _epoll.Modify(connection.Descriptor, Libc.ReadEvent | Libc.PeerClosedEvent | Libc.WriteEvent, connection.Descriptor);
        }
    }

    private void Flush(EngineConnection connection)
    {
        var sent = TcpSocket.Send(connection.Descriptor, connection.Outgoing.Span);
        if (sent == TcpSocket.Gone)
        {
            Close(connection);
            return;
        }
        sent = Math.Max(sent, 0);
        connection.BytesSent += sent;
        _bytes += sent;
        connection.Outgoing.Consume(sent);
        if (connection.IsBlocked)
        {
            return;
        }
        _epoll.Modify(connection.Descriptor, Libc.ReadEvent | Libc.PeerClosedEvent, connection.Descriptor);
        if (connection.Stream is { Running: true } stream)
        {
            Resume(stream);
        }
    }

    /// <summary>The reader takes again: go on at the pace from here.</summary>
    private void Resume(EngineStream stream)
    {
        if (stream.Sent == stream.Request.Tokens)
        {
            FinishStream(stream);
            return;
        }
        stream.Due = MonotonicClock.Now + stream.Request.Gap;
        _due.Enqueue(stream, stream.Due);
    }

    private void Close(EngineConnection connection)
    {
        if (!connection.IsOpen)
        {
            return;
        }
        connection.IsOpen = false;
        if (connection.Stream is { Running: true } stream)
        {
            stream.Running = false;
            _abandoned.Add(new AbandonedStream(stream.Request.Id, stream.Sent, MonotonicClock.Now));
        }
        _connections[connection.Descriptor] = null;
        TcpSocket.Close(connection.Descriptor);
    }

    private EngineReport TakeReport()
    {
        var blocked = _connections.Where(c => c is { Stream: not null, IsBlocked: true }).ToArray();
        var report = new EngineReport
        {
            Requests = _requests,
            Tokens = _tokens,
            Bytes = _bytes,
            Running = _connections.Count(c => c?.Stream is not null),
            Blocked = blocked.Length,
            BlockedBytesMax = blocked.Length == 0 ? 0 : blocked.Max(c => c!.BytesSent),
            Abandoned = [.. _abandoned],
        };
        (_requests, _tokens, _bytes) = (0, 0, 0);
        _abandoned.Clear();
        return report;
    }
}
