using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Podvirt.Server.Serving;

/// <summary>Listening sockets. What is set on one is inherited by every connection that it accepts.</summary>
internal static class ListenSockets
{
    /// <summary>
    /// Bytes that the system holds unsent for one client: as many as the gateway itself does. By default it goes up to
    /// 4 MiB (<c>tcp_wmem</c>), and only behind them would it show that a client does not read. What is under way is not
    /// counted, so that a long line is used as before.
    /// </summary>
    internal const int UnsentBytesMax = 64 * 1024;

    // linux/tcp.h. Not among the options that .NET has names for.
    private const int TcpLevel = 6;
    private const int NotSentLowWaterMark = 25;

    public static Socket Bind(EndPoint endpoint)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        if (OperatingSystem.IsLinux() && socket.ProtocolType == ProtocolType.Tcp)
        {
            socket.SetRawSocketOption(TcpLevel, NotSentLowWaterMark, BitConverter.GetBytes(UnsentBytesMax));
        }
        return socket;
    }

    /// <summary>What a connection got of it.</summary>
    internal static int UnsentBytesMaxOf(Socket socket)
    {
        var value = new byte[sizeof(int)];
        socket.GetRawSocketOption(TcpLevel, NotSentLowWaterMark, value);
        return BitConverter.ToInt32(value);
    }
}
