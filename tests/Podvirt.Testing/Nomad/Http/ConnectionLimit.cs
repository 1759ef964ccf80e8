using System.Text;
using Microsoft.AspNetCore.Connections;

namespace Podvirt.Testing.Nomad.Http;

/// <summary>Counts open connections; one too many is told so and closed, whatever it asks.</summary>
internal sealed class ConnectionLimit(int max)
{
    public const string Refusal = "Your IP is issuing too many concurrent connections, please rate limit your calls\n";

    private static readonly byte[] s_refusal = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: {Refusal.Length}\r\nConnection: close\r\n\r\n{Refusal}");

    private readonly Lock _gate = new();
    private readonly HashSet<ConnectionContext> _open = [];
    private int _most;

    public int Open
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>The most at one time.</summary>
    public int Most => Volatile.Read(ref _most);

    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        bool refused;
        lock (_gate)
        {
            _open.Add(connection);
            _most = Math.Max(_most, _open.Count);
            refused = max > 0 && _open.Count > max;
        }
        try
        {
            if (refused)
            {
                await connection.Transport.Output.WriteAsync(s_refusal);
                await connection.Transport.Output.CompleteAsync();
                return;
            }
            await next(connection);
        }
        finally
        {
            lock (_gate)
            {
                _open.Remove(connection);
            }
        }
    }

    /// <summary>Resets every open connection.</summary>
    public void DropAll()
    {
        ConnectionContext[] open;
        lock (_gate)
        {
            open = [.. _open];
        }
        Array.ForEach(open, static c => c.Abort());
    }
}
