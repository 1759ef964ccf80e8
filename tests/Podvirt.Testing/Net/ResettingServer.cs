using System.Net;
using System.Net.Sockets;

namespace Podvirt.Testing.Net;

/// <summary>
/// A server at its end: it resets every connection as soon as it has it. A client learns of that while it connects, while it sends, or while it
/// waits, whichever comes first; .NET's HTTP client says so in another way each time.
/// </summary>
public sealed class ResettingServer : IDisposable
{
    /// <summary>So many one after the other meet the reset in each of these moments, the rarest a few times.</summary>
    public const int Connections = 1000;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Thread _thread;

    public ResettingServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = $"http://{_listener.LocalEndPoint}";
        _thread = new Thread(ResetAll);
        _thread.Start();
    }

    public string Address { get; }

    public void Dispose()
    {
        _listener.Dispose();
        _thread.Join();
    }

    // A thread of its own, which is faster than a client that goes through the thread pool.
    private void ResetAll()
    {
        while (true)
        {
            try
            {
                using var connection = _listener.Accept();
                connection.LingerState = new LingerOption(true, 0);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The end of the listener, or a client that was gone before it was accepted.
                if (_listener.SafeHandle.IsClosed)
                {
                    return;
                }
            }
        }
    }
}
