using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Transport;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Transport;

/// <summary>What every transport promises, over real sockets: reads, and what their buffer does.</summary>
public abstract class EngineInputContract : IAsyncLifetime
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private Socket _engine = null!;
    private EngineStream _stream;

    private protected abstract IEngineTransport Transport { get; }

    private PipeReader Input => _stream.Pipes.Input;

    public async ValueTask InitializeAsync()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        var accepting = _listener.AcceptAsync(Cancel);
        _stream = await Transport.ConnectAsync("127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port, Cancel);
        _engine = await accepting;
        _engine.NoDelay = true;
    }

    public virtual ValueTask DisposeAsync()
    {
        _stream.Abort();
        _stream.Pipes.Input.Complete();
        _engine.Dispose();
        _listener.Dispose();
        GC.SuppressFinalize(this);
        return default;
    }

    [Fact]
    public async Task BytesArrive_AreReadOnceAndInOrder()
    {
        _engine.Send("first"u8);
        Assert.Equal("first", await ReadTextAsync());

        var next = ReadTextAsync();
        Assert.False(next.IsCompleted);
        _engine.Send("second"u8);
        Assert.Equal("second", await next);
    }

    [Fact]
    public async Task PartConsumedAllExamined_NextReadWaitsForMoreAndKeepsTheRest()
    {
        _engine.Send("abc"u8);
        var read = await Input.ReadAsync(Cancel);
        Input.AdvanceTo(read.Buffer.GetPosition(1), read.Buffer.End);

        var more = Input.ReadAsync(Cancel).AsTask();
        Assert.False(more.IsCompleted);
        _engine.Send("d"u8);
        Assert.Equal("bcd", TextOf(await more));
    }

    [Fact]
    public async Task PartConsumedRestNotExamined_NextReadReturnsTheRestAtOnce()
    {
        _engine.Send("abc"u8);
        var read = await Input.ReadAsync(Cancel);
        Input.AdvanceTo(read.Buffer.GetPosition(2));

        Assert.Equal("c", TextOf(await Input.ReadAsync(Cancel)));
    }

    [Fact]
    public async Task NothingConsumed_BufferGrowsPastItsFirstSize()
    {
        var sent = Encoding.ASCII.GetBytes(new string('x', BufferedInput.FirstBytes - 1) + new string('y', BufferedInput.FirstBytes * 3));
        var sending = _engine.SendAsync(sent, Cancel);
        var length = 0L;
        while (length < sent.Length)
        {
            var read = await Input.ReadAsync(Cancel);
            length = read.Buffer.Length;
            if (length == sent.Length)
            {
                Assert.Equal(sent, read.Buffer.ToArray());
            }
            Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
        await sending;
    }

    [Fact]
    public async Task ReadsFillTheBuffer_LaterReadsAreLarger()
    {
        var sent = new byte[1024 * 1024];
        Random.Shared.NextBytes(sent);
        var sending = _engine.SendAsync(sent, Cancel).AsTask();
        var received = new MemoryStream();
        var largest = 0L;
        while (received.Length < sent.Length)
        {
            var read = await Input.ReadAsync(Cancel);
            largest = Math.Max(largest, read.Buffer.Length);
            received.Write(read.Buffer.ToArray());
            Input.AdvanceTo(read.Buffer.End);
        }
        await sending;
        Assert.Equal(sent, received.ToArray());
        Assert.InRange(largest, BufferedInput.FirstBytes + 1, BufferedInput.LastBytes);
    }

    [Fact]
    public async Task EngineCloses_ReadIsCompletedEachTime()
    {
        _engine.Send("last"u8);
        _engine.Shutdown(SocketShutdown.Send);
        Assert.Equal("last", await ReadTextAsync());

        for (var i = 0; i < 2; i++)
        {
            var end = await Input.ReadAsync(Cancel);
            Assert.True(end.IsCompleted);
            Assert.True(end.Buffer.IsEmpty);
            Input.AdvanceTo(end.Buffer.End);
        }
    }

    [Fact]
    public async Task EngineResets_ReadFails()
    {
        var reading = Input.ReadAsync(Cancel).AsTask();
        _engine.LingerState = new LingerOption(true, 0);
        _engine.Dispose();
        await Assert.ThrowsAsync<IOException>(() => reading);
    }

    [Fact]
    public async Task GivenUpDuringARead_ReadFailsAndSoDoesTheNext()
    {
        var reading = Input.ReadAsync(Cancel).AsTask();
        Assert.False(reading.IsCompleted);
        _stream.Abort();
        await Assert.ThrowsAsync<IOException>(() => reading);
        await Assert.ThrowsAsync<IOException>(async () => await Input.ReadAsync(Cancel));
    }

    [Fact]
    public void NothingSent_TryReadIsFalse() => Assert.False(Input.TryRead(out _));

    [Fact]
    public async Task BytesNobodyAskedFor_TryReadShowsThem()
    {
        _engine.Send("HTTP/1.1 408"u8);
        ReadResult result = default;
        await Eventually.TrueAsync(() => Input.TryRead(out result), "they are seen");
        Assert.False(result.Buffer.IsEmpty);
    }

    [Fact]
    public async Task EngineClosedMeanwhile_TryReadIsCompleted()
    {
        _engine.Dispose();
        ReadResult result = default;
        await Eventually.TrueAsync(() => Input.TryRead(out result), "the end is seen");
        Assert.True(result.IsCompleted);
    }

    [Fact]
    public async Task NobodyReads_EngineCannotSendForEver()
    {
        _engine.Blocking = false;
        var block = new byte[64 * 1024];
        var sent = 0L;
        while (true)
        {
            var bytes = _engine.Send(block, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock && !_engine.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectWrite))
            {
                break;
            }
            sent += error == SocketError.Success ? bytes : 0;
            Assert.True(sent < 64L * 1024 * 1024, "nothing held the sender back");
        }
        Assert.False((await Input.ReadAsync(Cancel)).Buffer.IsEmpty);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<string> ReadTextAsync()
    {
        var read = await Input.ReadAsync(Cancel);
        var text = TextOf(read);
        Input.AdvanceTo(read.Buffer.End);
        return text;
    }

    private static string TextOf(ReadResult read) => Encoding.ASCII.GetString(read.Buffer);
}

/// <summary>.NET's sockets.</summary>
public sealed class SocketInputTests : EngineInputContract
{
    private protected override IEngineTransport Transport { get; } = new SocketTransport();
}

/// <summary>The event loops.</summary>
public sealed class LoopInputTests : EngineInputContract
{
    private readonly EventLoops _loops = new(1);

    private protected override IEngineTransport Transport => new LoopTransport(_loops);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _loops.Dispose();
    }
}
