using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Upstream;

/// <summary>Over real sockets: what the pipe promises, and what its buffer does.</summary>
public sealed class SocketInputTests : IDisposable
{
    private readonly Socket _engine;
    private readonly Socket _socket;
    private readonly SocketInput _input;

    public SocketInputTests()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _socket.Connect(listener.LocalEndPoint!);
        _engine = listener.Accept();
        _engine.NoDelay = true;
        _input = new SocketInput(_socket);
    }

    public void Dispose()
    {
        _socket.Dispose();
        _input.Dispose();
        _engine.Dispose();
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
        var read = await _input.ReadAsync(Cancel);
        _input.AdvanceTo(read.Buffer.GetPosition(1), read.Buffer.End);

        var more = _input.ReadAsync(Cancel).AsTask();
        Assert.False(more.IsCompleted);
        _engine.Send("d"u8);
        Assert.Equal("bcd", TextOf(await more));
    }

    [Fact]
    public async Task PartConsumedRestNotExamined_NextReadReturnsTheRestAtOnce()
    {
        _engine.Send("abc"u8);
        var read = await _input.ReadAsync(Cancel);
        _input.AdvanceTo(read.Buffer.GetPosition(2));

        Assert.Equal("c", TextOf(await _input.ReadAsync(Cancel)));
    }

    [Fact]
    public async Task NothingConsumed_BufferGrowsPastItsFirstSize()
    {
        var sent = Encoding.ASCII.GetBytes(new string('x', SocketInput.FirstBytes - 1) + new string('y', SocketInput.FirstBytes * 3));
        var sending = _engine.SendAsync(sent, Cancel);
        var length = 0L;
        while (length < sent.Length)
        {
            var read = await _input.ReadAsync(Cancel);
            length = read.Buffer.Length;
            if (length == sent.Length)
            {
                Assert.Equal(sent, read.Buffer.ToArray());
            }
            _input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
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
            var read = await _input.ReadAsync(Cancel);
            largest = Math.Max(largest, read.Buffer.Length);
            received.Write(read.Buffer.ToArray());
            _input.AdvanceTo(read.Buffer.End);
        }
        await sending;
        Assert.Equal(sent, received.ToArray());
        Assert.InRange(largest, SocketInput.FirstBytes + 1, SocketInput.LastBytes);
    }

    [Fact]
    public async Task EngineCloses_ReadIsCompletedEachTime()
    {
        _engine.Send("last"u8);
        _engine.Shutdown(SocketShutdown.Send);
        Assert.Equal("last", await ReadTextAsync());

        for (var i = 0; i < 2; i++)
        {
            var end = await _input.ReadAsync(Cancel);
            Assert.True(end.IsCompleted);
            Assert.True(end.Buffer.IsEmpty);
            _input.AdvanceTo(end.Buffer.End);
        }
    }

    [Fact]
    public async Task EngineResets_ReadFails()
    {
        var reading = _input.ReadAsync(Cancel).AsTask();
        _engine.LingerState = new LingerOption(true, 0);
        _engine.Dispose();
        await Assert.ThrowsAsync<IOException>(() => reading);
    }

    [Fact]
    public async Task SocketDisposedDuringARead_ReadFailsAndSoDoesTheNext()
    {
        var reading = _input.ReadAsync(Cancel).AsTask();
        Assert.False(reading.IsCompleted);
        _socket.Dispose();
        await Assert.ThrowsAsync<IOException>(() => reading);
        await Assert.ThrowsAsync<IOException>(async () => await _input.ReadAsync(Cancel));
    }

    [Fact]
    public void NothingSent_TryReadIsFalse() => Assert.False(_input.TryRead(out _));

    [Fact]
    public void BytesNobodyAskedFor_TryReadShowsThem()
    {
        _engine.Send("HTTP/1.1 408"u8);
        Assert.True(_socket.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead));
        Assert.True(_input.TryRead(out var result));
        Assert.False(result.Buffer.IsEmpty);
    }

    [Fact]
    public void EngineClosedMeanwhile_TryReadIsCompleted()
    {
        _engine.Dispose();
        Assert.True(_socket.Poll(TimeSpan.FromSeconds(30), SelectMode.SelectRead));
        Assert.True(_input.TryRead(out var result));
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
        Assert.False((await _input.ReadAsync(Cancel)).Buffer.IsEmpty);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private async Task<string> ReadTextAsync()
    {
        var read = await _input.ReadAsync(Cancel);
        var text = TextOf(read);
        _input.AdvanceTo(read.Buffer.End);
        return text;
    }

    private static string TextOf(ReadResult read) => Encoding.ASCII.GetString(read.Buffer);
}
