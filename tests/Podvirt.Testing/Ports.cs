using System.Net;
using System.Net.Sockets;

namespace Podvirt.Testing;

/// <summary>Ports of the loopback address.</summary>
public static class Ports
{
    /// <summary>One that was free a moment ago.</summary>
    public static int Free() => Free(1)[0];

    /// <summary>As many different ports, each free a moment ago.</summary>
    public static int[] Free(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(static _ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
        try
        {
            foreach (var socket in sockets)
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            }
            return [.. sockets.Select(static s => ((IPEndPoint)s.LocalEndPoint!).Port)];
        }
        finally
        {
            Array.ForEach(sockets, static s => s.Dispose());
        }
    }
}
