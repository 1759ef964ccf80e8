using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>The engine: one thread, one epoll. Reads requests; <see cref="AnswerPacer"/> answers them.</summary>
internal sealed class EngineLoop : IDisposable
{
    /// <summary>How long a question from outside may wait for its answer.</summary>
    private const long QuestionPause = 10 * MonotonicClock.Millisecond;

    private readonly Epoll _epoll = new();
    private readonly int _listener;
    private readonly EngineConnection?[] _connections = new EngineConnection?[65_536];
    private readonly AnswerPacer _pacer;
    private readonly byte[] _received = new byte[64 * 1024];
    private readonly EventWriter _writer = new();
    private readonly ConcurrentQueue<TaskCompletionSource<EngineReport>> _questions = new();
    private readonly List<AbandonedStream> _abandoned = [];
    private long _requests;
    private long _number;
    private long _tokensReported;

    /// <param name="listen">Where; port 0 takes a free one.</param>
    /// <param name="tick">See <see cref="AnswerPacer"/>.</param>
    /// <param name="sendBuffer">Bytes of the kernel's send buffer per connection; 0: the system's default.</param>
    public EngineLoop(IPEndPoint listen, long tick, int sendBuffer)
    {
        _pacer = new AnswerPacer(tick, Close);
        (_listener, Port) = TcpSocket.Listen(listen, sendBuffer);
        _epoll.Add(_listener, Libc.ReadEvent, _listener);
    }

    public int Port { get; }

    /// <summary>See <see cref="AnswerPacer.FirstCompleted"/>.</summary>
    public long FirstCompleted => _pacer.FirstCompleted;

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
            _pacer.SendDue();
            while (_questions.TryDequeue(out var question))
            {
                question.SetResult(TakeReport());
            }
            var events = _epoll.Wait(_pacer.PauseFrom(MonotonicClock.Now, QuestionPause));
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

    private void Handle(int token, int events)
    {
        if (token == _listener)
        {
            Accept();
            return;
        }
        if (_connections[token] is not { } connection)
        {
            return;
        }
        if ((events & Libc.WriteEvent) != 0)
        {
            Flush(connection);
        }
        if (connection.IsOpen && (events & ~Libc.WriteEvent) != 0)
        {
            Read(connection);
        }
    }

    private void Accept()
    {
        for (var descriptor = TcpSocket.Accept(_listener); descriptor >= 0; descriptor = TcpSocket.Accept(_listener))
        {
            var connection = new EngineConnection(descriptor, _epoll);
            _connections[descriptor] = connection;
            connection.Open();
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
            connection.Receive(_received.AsSpan(0, count));
            AnswerRequests(connection);
        }
    }

    private void Flush(EngineConnection connection)
    {
        if (!connection.Flush())
        {
            Close(connection);
        }
        else if (connection is { IsBlocked: false, Stream: { Running: true } stream })
        {
            _pacer.Resume(stream);
        }
    }

    private void AnswerRequests(EngineConnection connection)
    {
        while (connection.IsOpen && connection.TryTakeRequest(out var head, out var body))
        {
            switch (head.Path)
            {
                case "/health":
                    Reply(connection, []);
                    break;
                case "/v1/models":
                    Reply(connection, "{\"object\":\"list\",\"data\":[{\"id\":\"mock\",\"object\":\"model\",\"created\":1764000000,\"owned_by\":\"mock\"}]}"u8);
                    break;
                case "/v1/chat/completions":
                    Begin(connection, head, body);
                    break;
                default:
                    Reply(connection, "{\"error\":{\"message\":\"no such path\",\"type\":\"NotFoundError\",\"param\":null,\"code\":404}}"u8, "404 Not Found");
                    break;
            }
        }
    }

    private void Begin(EngineConnection connection, RequestHead head, ReadOnlySpan<byte> body)
    {
        try
        {
            var request = EngineRequest.Parse(body);
            _requests++;
            _pacer.Begin(new EngineStream(connection, request, head.RequestId, ++_number, MonotonicClock.Now));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            Reply(connection, Encoding.UTF8.GetBytes($"{{\"error\":{{\"message\":\"{JsonEncodedText.Encode(error.Message)}\",\"type\":\"Bad Request\",\"param\":null,\"code\":400}}}}"), "400 Bad Request");
        }
    }

    private void Reply(EngineConnection connection, ReadOnlySpan<byte> body, string status = "200 OK")
    {
        if (!connection.Send(_writer.Json(body, status)))
        {
            Close(connection);
        }
    }

    private void Close(EngineConnection connection)
    {
        if (!connection.IsOpen)
        {
            return;
        }
        if (connection.Stream is { Running: true } stream)
        {
            stream.Running = false;
            _abandoned.Add(new AbandonedStream(stream.Request.Id, stream.RequestId, stream.Sent, MonotonicClock.Now));
        }
        _connections[connection.Descriptor] = null;
        connection.Close();
    }

    private EngineReport TakeReport()
    {
        var blocked = _connections.Where(c => c is { Stream: not null, IsBlocked: true }).ToArray();
        var report = new EngineReport
        {
            Requests = _requests,
            Tokens = _pacer.Tokens - _tokensReported,
            Running = _connections.Count(c => c?.Stream is not null),
            Blocked = blocked.Length,
            BlockedBytesMax = blocked.Length == 0 ? 0 : blocked.Max(c => c!.BytesSent),
            Abandoned = [.. _abandoned],
        };
        (_requests, _tokensReported) = (0, _pacer.Tokens);
        _abandoned.Clear();
        return report;
    }
}
