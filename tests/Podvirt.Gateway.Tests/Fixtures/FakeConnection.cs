using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>One accepted connection of a <see cref="FakeEngine"/>.</summary>
internal sealed class FakeConnection(Socket socket, int number)
{
    private readonly Pipe _input = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly TaskCompletionSource _peerClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Number => number;

    /// <summary>Completes when the gateway has closed or reset its side.</summary>
    public Task PeerClosed => _peerClosed.Task;

    public bool IsClosed { get; private set; }

    /// <param name="early">What happens once more than so many bytes have come; nothing is read meanwhile.</param>
    public async Task ReadAllAsync((long After, Func<FakeConnection, Task> Act)? early)
    {
        var total = 0L;
        try
        {
            while (true)
            {
                var read = await socket.ReceiveAsync(_input.Writer.GetMemory(4096));
                if (read == 0)
                {
                    break;
                }
                _input.Writer.Advance(read);
                await _input.Writer.FlushAsync();
                total += read;
                if (early is { } act && total > act.After)
                {
                    early = null;
                    await act.Act(this);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // A reset ends it as well as a close.
        }
        _peerClosed.TrySetResult();
        await _input.Writer.CompleteAsync();
    }

    public async Task<(byte[] Head, byte[] Body)?> ReadRequestAsync()
    {
        byte[]? head = null;
        var length = 0;
        while (true)
        {
            var read = await _input.Reader.ReadAsync();
            var bytes = System.Buffers.BuffersExtensions.ToArray(read.Buffer);
            if (head is null)
            {
                var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
                if (end >= 0)
                {
                    head = bytes[..(end + 4)];
                    length = ContentLengthOf(head);
                }
            }
            if (head is not null && bytes.Length >= head.Length + length)
            {
                _input.Reader.AdvanceTo(read.Buffer.GetPosition(head.Length + length));
                return (head, bytes[head.Length..(head.Length + length)]);
            }
            if (read.IsCompleted)
            {
                _input.Reader.AdvanceTo(read.Buffer.End);
                return null;
            }
            _input.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        socket.NoDelay = true;
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes)..];
        }
    }

    /// <summary>Sends a FIN and reads on.</summary>
    public void CloseSending() => socket.Shutdown(SocketShutdown.Send);

    public void Close(bool reset)
    {
        if (IsClosed)
        {
            return;
        }
        IsClosed = true;
        if (reset)
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        else
        {
            Shutdown();
        }
        socket.Dispose();
    }

    private void Shutdown()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The peer was faster.
        }
    }

    private static int ContentLengthOf(byte[] head)
    {
        foreach (var line in Encoding.Latin1.GetString(head).Split("\r\n"))
        {
            if (line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase))
            {
                return int.Parse(line["content-length:".Length..]);
            }
        }
        return 0;
    }
}
