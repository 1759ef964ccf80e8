using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Podvirt.Gateway.Transport;

/// <summary>
/// One client's connection, as Kestrel wants it. Its bytes are received into a pipe as they come, until the reader is
/// <see cref="HeldBytesMax"/> behind: that the client has left shows while a response is pending too.
/// </summary>
internal sealed class ClientConnection : DefaultConnectionContext, ILoopSocketEvents, IValueTaskSource, IMemoryPoolFeature, IDuplexPipe
{
    /// <summary>Of what a client sends ahead and nobody has read.</summary>
    public const int HeldBytesMax = 64 * 1024;

    // Most requests come in one receive.
    private const int ReceiveBytesMin = 2048;

    private readonly LoopSocket _socket;
    private readonly MemoryPool<byte> _memory;
    private readonly Pipe _received;
    private readonly LoopOutput _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _closedTold = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ManualResetValueTaskSourceCore<bool> _readable;
    private Task _receiving = Task.CompletedTask;
    private volatile ConnectionAbortedException? _abortedFor;

    public ClientConnection(LoopSocket socket, MemoryPool<byte> memory, IPEndPoint local, IPEndPoint remote)
    {
        _socket = socket;
        _memory = memory;
        _received = new Pipe(new PipeOptions(memory, PipeScheduler.Inline, PipeScheduler.Inline, HeldBytesMax, HeldBytesMax / 2, useSynchronizationContext: false));
        _output = new LoopOutput(socket);
        LocalEndPoint = local;
        RemoteEndPoint = remote;
        ConnectionClosed = _closed.Token;
        Transport = this;
        Features.Set<IMemoryPoolFeature>(this);
    }

    public PipeReader Input => _received.Reader;

    public PipeWriter Output => _output;

    public MemoryPool<byte> MemoryPool => _memory;

    /// <exception cref="IOException">The system takes no more sockets.</exception>
    public void Start()
    {
        _socket.Start(this);
        _receiving = ReceiveAsync();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _abortedFor = abortReason;
        _socket.Close(reset: true);
    }

    /// <summary>What was written has gone out, or never will.</summary>
    public override async ValueTask DisposeAsync()
    {
        await _received.Reader.CompleteAsync();
        await _output.CompleteAsync();
        if (_output.IsWhole)
        {
            _socket.EndSending();
        }
        _socket.Close(reset: !_output.IsWhole);
        await _receiving;
        await _closedTold.Task;
        _closed.Dispose();
        await base.DisposeAsync();
    }

    void ILoopSocketEvents.OnReadable() => _readable.SetResult(true);

    void ILoopSocketEvents.OnWritable() => _output.OnWritable();

    void IValueTaskSource.GetResult(short token) => _readable.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _readable.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _readable.OnCompleted(continuation, state, token, flags);

    private async Task ReceiveAsync()
    {
        Exception? error = null;
        try
        {
            while (true)
            {
                await WaitReadableAsync();
                var received = _socket.Receive(_received.Writer.GetMemory(ReceiveBytesMin).Span);
                if (received == -Libc.Again)
                {
                    continue;
                }
                if (received < 0)
                {
                    error = _abortedFor ?? (Exception)new ConnectionResetException(SystemFault.OfConnection(-received).Message);
                    break;
                }
                if (received == 0)
                {
                    break;
                }
                _received.Writer.Advance(received);
                var flushed = await _received.Writer.FlushAsync();
                if (flushed.IsCompleted || flushed.IsCanceled)
                {
                    break;
                }
            }
        }
        finally
        {
            await _received.Writer.CompleteAsync(error);

            // Whoever hears of it may take its time.
            ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.TellClosed(), this, preferLocal: false);
        }
    }

    // Nothing is held for a connection that is quiet: room is made only once there is something to receive.
    private ValueTask WaitReadableAsync()
    {
        _readable.Reset();
        return _socket.TryWaitReadable() ? new ValueTask(this, _readable.Version) : default;
    }

    private void TellClosed()
    {
        _closed.Cancel();
        _closedTold.SetResult();
    }
}
