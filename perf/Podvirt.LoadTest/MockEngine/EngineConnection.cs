using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>One connection: what came of its next request, and what its peer has not taken yet.</summary>
internal sealed class EngineConnection(int descriptor, Epoll epoll)
{
    private const int Listening = Libc.ReadEvent | Libc.PeerClosedEvent;

    private GrowingBuffer _incoming;
    private GrowingBuffer _outgoing;

    public int Descriptor => descriptor;

    public bool IsOpen { get; private set; } = true;

    /// <summary>The answer under way; one at a time, as HTTP/1.1 has it.</summary>
    public EngineStream? Stream { get; set; }

    /// <summary>Bytes given to the kernel for the answer under way.</summary>
    public long BytesSent { get; set; }

    /// <summary>The peer takes nothing at the moment: nothing is produced for it.</summary>
    public bool IsBlocked => !_outgoing.IsEmpty;

    public void Open() => epoll.Add(descriptor, Listening, descriptor);

    public void Receive(ReadOnlySpan<byte> bytes) => _incoming.Append(bytes);

    /// <summary>Takes a request that is there to its last byte. Its bytes are good until the next <see cref="Receive"/>.</summary>
    public bool TryTakeRequest(out RequestHead head, out ReadOnlySpan<byte> body)
    {
        var bytes = _incoming.Span;
        if (Stream is not null || !RequestHead.TryRead(bytes, out head) || bytes.Length < head.Length + head.BodyLength)
        {
            head = default;
            body = default;
            return false;
        }
        body = bytes.Slice(head.Length, head.BodyLength);
        _incoming.Consume(head.Length + head.BodyLength);
        return true;
    }

    /// <summary>One <c>send</c>; what the kernel does not take waits. False: the peer is gone.</summary>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        if (!IsOpen || IsBlocked)
        {
            _outgoing.Append(bytes);
            return IsOpen;
        }
        var sent = TcpSocket.Send(descriptor, bytes);
        if (sent == TcpSocket.Gone)
        {
            return false;
        }
        sent = Math.Max(sent, 0);
        BytesSent += sent;
        if (sent < bytes.Length)
        {
            _outgoing.Append(bytes[sent..]);
            epoll.Modify(descriptor, Listening | Libc.WriteEvent, descriptor);
        }
        return true;
    }

    /// <summary>Sends what waits. False: the peer is gone.</summary>
    public bool Flush()
    {
        var sent = TcpSocket.Send(descriptor, _outgoing.Span);
        if (sent == TcpSocket.Gone)
        {
            return false;
        }
        BytesSent += Math.Max(sent, 0);
        _outgoing.Consume(Math.Max(sent, 0));
        if (!IsBlocked)
        {
            epoll.Modify(descriptor, Listening, descriptor);
        }
        return true;
    }

    public void Close()
    {
        IsOpen = false;
        TcpSocket.Close(descriptor);
    }
}
