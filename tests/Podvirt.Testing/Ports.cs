using System.Net;
using System.Net.Sockets;

namespace Podvirt.Testing;

/// <summary>
/// Ports of the loopback address, for servers that are told theirs before they listen. They lie below those that systems give to whoever asks for any
/// (from 32768 on Linux) and below the Nomad double's (from 20000): nobody else takes one in between.
/// </summary>
public static class Ports
{
    private const int First = 10_000;
    private const int Count = 10_000;

    // Another test program on the machine begins elsewhere.
    private static uint s_next = (uint)Random.Shared.Next(Count);

    /// <summary>One that is free, and was not given before.</summary>
    public static int Free() => Free(1)[0];

    /// <summary>As many different ones.</summary>
    public static int[] Free(int count)
    {
        var ports = new List<int>(count);
        for (var looked = 0; ports.Count < count; looked++)
        {
            if (looked == Count)
            {
                throw new InvalidOperationException($"Of the ports from {First} to {First + Count - 1} no {count} are free.");
            }
            var port = First + (int)(Interlocked.Increment(ref s_next) % Count);
            if (IsFree(port))
            {
                ports.Add(port);
            }
        }
        return [.. ports];
    }

    /// <summary>Nobody listens on it.</summary>
    internal static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }
}
