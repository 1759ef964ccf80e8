using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Transport;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Transport;

/// <summary>Connecting and sending on the event loops, over real sockets.</summary>
public sealed class LoopTransportTests : IDisposable
{
    private readonly EventLoops _loops = new(1);
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16 * 1024 };

    public LoopTransportTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _loops.Dispose();
    }

    [Fact]
    public async Task NobodyListens_ConnectFails()
    {
        var port = Port;
        _listener.Dispose();
        var error = await Assert.ThrowsAsync<IOException>(() => new LoopTransport(_loops).ConnectAsync("127.0.0.1", port, Cancel).AsTask().Within());
        Assert.Equal("Connection refused", error.Message);
    }

    [Fact]
    public async Task NameWithSeveralAddresses_TheOneThatAnswersIsTaken()
    {
        using var engine = await ConnectAsync("localhost");
        engine.Stream.Abort();
    }

    [Fact]
    public async Task CanceledBefore_ConnectIsCanceled()
    {
        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new LoopTransport(_loops).ConnectAsync("127.0.0.1", Port, canceled.Token).AsTask().Within());
    }

    [Fact]
    public async Task BytesOfEverySize_ArriveInOrder()
    {
        using var engine = await ConnectAsync();
        var sent = new MemoryStream();
        var receiving = ReceiveAllAsync(engine.Peer);
        for (var length = 0; length < 200_000; length = (length * 3) + 1)
        {
            var block = RandomNumber(length);
            sent.Write(block);
            sent.Write(block);
            engine.Output.Write(block);
            Assert.False((await engine.Output.WriteAsync(block, Cancel)).IsCompleted);
        }
        engine.Output.Write("end"u8);
        sent.Write("end"u8);
        await engine.Output.FlushAsync(Cancel);
        engine.Stream.Abort();
        Assert.Equal(sent.ToArray(), await receiving.Within());
    }

    [Fact]
    public async Task PeerDoesNotRead_FlushWaitsUntilItDoes()
    {
        using var engine = await ConnectAsync();
        var flushing = FillAsync(engine.Output, out var written);
        Assert.False(flushing.IsCompleted);

        var received = 0L;
        var buffer = new byte[64 * 1024];
        while (received < written())
        {
            received += await engine.Peer.ReceiveAsync(buffer, Cancel);
        }
        Assert.False((await flushing.AsTask().Within()).IsCompleted);
    }

    [Fact]
    public async Task WaitingFlushIsCanceled_TheNextOneGoesOnWhereItStopped()
    {
        using var engine = await ConnectAsync();
        var flushing = FillAsync(engine.Output, out var written);
        engine.Output.CancelPendingFlush();
        Assert.True((await flushing.AsTask().Within()).IsCanceled);

        engine.Output.Write("last"u8);
        var next = engine.Output.FlushAsync(Cancel);
        var receiving = ReceiveAllAsync(engine.Peer);
        Assert.False((await next.AsTask().Within()).IsCompleted);
        engine.Output.Complete();
        engine.Stream.Abort();
        var received = await receiving.Within();
        Assert.Equal(written() + 4, received.LongLength);
        Assert.True(received.AsSpan().EndsWith("last"u8));
    }

    [Fact]
    public async Task WaitingFlushsTokenFires_ItThrows()
    {
        using var engine = await ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var flushing = FillAsync(engine.Output, out _, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flushing.AsTask().Within());
    }

    [Fact]
    public async Task GivenUpDuringAFlush_ItIsCompleted()
    {
        using var engine = await ConnectAsync();
        var flushing = FillAsync(engine.Output, out _);
        engine.Stream.Abort();
        Assert.True((await flushing.AsTask().Within()).IsCompleted);
        engine.Output.Write("x"u8);
        Assert.True((await engine.Output.FlushAsync(Cancel)).IsCompleted);
    }

    [Fact]
    public async Task PeerResetDuringAFlush_ItIsCompleted()
    {
        using var engine = await ConnectAsync();
        var flushing = FillAsync(engine.Output, out _);
        engine.Peer.LingerState = new LingerOption(true, 0);
        engine.Peer.Dispose();
        Assert.True((await flushing.AsTask().Within()).IsCompleted);
    }

    [Fact]
    public async Task CompletedDuringAFlush_ItIsCompleted()
    {
        using var engine = await ConnectAsync();
        var flushing = FillAsync(engine.Output, out _);
        engine.Output.Complete();
        Assert.True((await flushing.AsTask().Within()).IsCompleted);
    }

    [Fact]
    public async Task DataAndEndInOneEvent_BothAreRead()
    {
        using var engine = await ConnectAsync();
        var block = RandomNumber(10_000);
        engine.Peer.Send(block);
        engine.Peer.Shutdown(SocketShutdown.Send);
        var received = new MemoryStream();
        while (true)
        {
            var read = await engine.Stream.Pipes.Input.ReadAsync(Cancel).AsTask().Within();
            received.Write(read.Buffer.ToArray());
            engine.Stream.Pipes.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }
        Assert.Equal(block, received.ToArray());
    }

    [Fact]
    public async Task LoopsDisposed_NoMoreConnections()
    {
        _loops.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => new LoopTransport(_loops).ConnectAsync("127.0.0.1", Port, Cancel).AsTask().Within());
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    private async Task<Connected> ConnectAsync(string host = "127.0.0.1")
    {
        var accepting = _listener.AcceptAsync(Cancel);
        var stream = await new LoopTransport(_loops).ConnectAsync(host, Port, Cancel);
        return new Connected(stream, await accepting);
    }

    // Writes and flushes until a flush has to wait.
    private static ValueTask<FlushResult> FillAsync(PipeWriter output, out Func<long> written, CancellationToken cancellationToken = default)
    {
        var block = new byte[256 * 1024];
        var total = 0L;
        written = () => total;
        while (true)
        {
            total += block.Length;
            var flushing = output.WriteAsync(block, cancellationToken);
            if (!flushing.IsCompleted)
            {
                return flushing;
            }
            Assert.False(flushing.Result.IsCompleted);
            Assert.True(total < 64L * 1024 * 1024, "nothing held the writer back");
        }
    }

    private static async Task<byte[]> ReceiveAllAsync(Socket peer)
    {
        var all = new MemoryStream();
        await new NetworkStream(peer).CopyToAsync(all, Cancel);
        return all.ToArray();
    }

    private static byte[] RandomNumber(int bytes)
    {
        var block = new byte[bytes];
        new Random(bytes).NextBytes(block);
        return block;
    }

    private sealed record Connected(EngineStream Stream, Socket Peer) : IDisposable
    {
        public PipeWriter Output => Stream.Pipes.Output;

        public void Dispose()
        {
            Stream.Abort();
            Peer.Dispose();
        }
    }
}
