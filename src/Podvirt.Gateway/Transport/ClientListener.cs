using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Podvirt.Gateway.Transport;

/// <summary>Accepts clients' connections and deals them out to the event loops.</summary>
internal sealed partial class ClientListener : IConnectionListener, ILoopSocketEvents, IValueTaskSource
{
    // Out of descriptors or memory: nothing tells when there are some again.
    private static readonly TimeSpan s_shortage = TimeSpan.FromMilliseconds(100);

    private readonly EventLoops _loops;
    private readonly MemoryPool<byte> _memory;
    private readonly TimeProvider _time;
    private readonly ILogger<ClientListener> _logger;
    private readonly Socket _listening;
    private readonly LoopSocket _socket;
    private ManualResetValueTaskSourceCore<bool> _readable;

    /// <param name="listening">Bound and listening. The listener's from here on.</param>
    public ClientListener(Socket listening, EventLoops loops, MemoryPool<byte> memory, TimeProvider time, ILogger<ClientListener> logger)
    {
        _loops = loops;
        _memory = memory;
        _time = time;
        _logger = logger;
        _listening = listening;
        listening.Blocking = false;
        EndPoint = listening.LocalEndPoint!;
        var descriptor = SystemFault.Check(Libc.Control((int)listening.Handle, Libc.DuplicateCloseOnExec, 0), "fcntl");
        _socket = new LoopSocket(loops.Next(), descriptor);
        _socket.Start(this);
    }

    public EndPoint EndPoint { get; }

    /// <summary>The next connection. Ends with <see cref="UnbindAsync"/>, and not by its token alone.</summary>
    /// <returns>Null: it does not listen any more.</returns>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            _readable.Reset();
            if (_socket.TryWaitReadable())
            {
                await new ValueTask(this, _readable.Version);
            }
            cancellationToken.ThrowIfCancellationRequested();
            if (_socket.IsClosed)
            {
                return null;
            }
            if (TryAccept(out var connection, out var isShort))
            {
                return connection;
            }
            if (isShort)
            {
                await Task.Delay(s_shortage, _time, cancellationToken);
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket.Close();
        _listening.Dispose();
        return default;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    void ILoopSocketEvents.OnReadable() => _readable.SetResult(true);

    void ILoopSocketEvents.OnWritable()
    {
        // Nothing is sent over it.
    }

    void IValueTaskSource.GetResult(short token) => _readable.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _readable.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _readable.OnCompleted(continuation, state, token, flags);

    private unsafe bool TryAccept(out ClientConnection? connection, out bool isShort)
    {
        connection = null;
        isShort = false;
        var address = stackalloc byte[SocketNames.BytesMax];
        var descriptor = _socket.Accept(address, out var length);
        if (descriptor < 0)
        {
            isShort = -descriptor is Libc.TooManyFiles or Libc.TooManyFilesInSystem or Libc.NoMemory or Libc.NoBufferSpace;
            if (isShort)
            {
                LogShortage(Marshal.GetPInvokeErrorMessage(-descriptor));
            }
            return false;
        }
        var socket = new LoopSocket(_loops.Next(), descriptor);
        try
        {
            SocketNames.SetNoDelay(descriptor);
            connection = new ClientConnection(socket, _memory, SocketNames.Local(descriptor), SocketNames.Read(address, length));
            connection.Start();
            return true;
        }
        catch (IOException e)
        {
            // It has gone already, or the system has no room for it.
            LogLost(e);
            socket.Close();
            connection = null;
            return false;
        }
    }

    [LoggerMessage(1501, LogLevel.Warning, "No connection can be accepted: {Reason}")]
    private partial void LogShortage(string reason);

    [LoggerMessage(1502, LogLevel.Debug, "An accepted connection was lost at once.")]
    private partial void LogLost(Exception exception);
}
