using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Podvirt.LoadTest.Sockets;

/// <summary>Non-blocking TCP over IPv4.</summary>
internal static unsafe class TcpSocket
{
    /// <summary>Nothing can be taken or given at the moment.</summary>
    public const int WouldBlock = -1;

    /// <summary>The connection is gone.</summary>
    public const int Gone = -2;

    /// <returns>The descriptor and the port it listens on.</returns>
    public static (int Descriptor, int Port) Listen(IPEndPoint at, int sendBuffer = 0)
    {
        var descriptor = SocketFault.Check(Libc.OpenSocket(Libc.Internet, Libc.StreamNonBlocking, 0), "socket");
        Set(descriptor, Libc.SocketLevel, Libc.ReuseAddress, 1);
        if (sendBuffer > 0)
        {
            // Accepted sockets inherit it.
            Set(descriptor, Libc.SocketLevel, Libc.SendBuffer, sendBuffer);
        }
        var address = AddressOf(at);
        _ = SocketFault.Check(Libc.Bind(descriptor, &address, (uint)sizeof(Libc.SocketAddress)), $"bind {at}");
        // As many as a storm of connections can bring before the loop comes round.
        _ = SocketFault.Check(Libc.Listen(descriptor, 16_384), "listen");
        var length = (uint)sizeof(Libc.SocketAddress);
        _ = SocketFault.Check(Libc.NameOf(descriptor, &address, &length), "getsockname");
        return (descriptor, BinaryPrimitives.ReverseEndianness(address.Port));
    }

    /// <returns>A connection's descriptor, or <see cref="WouldBlock"/>.</returns>
    public static int Accept(int listener)
    {
        var descriptor = Libc.Accept(listener, null, null, Libc.NonBlocking);
        if (descriptor >= 0)
        {
            Set(descriptor, Libc.Tcp, Libc.NoDelay, 1);
            return descriptor;
        }
        return Marshal.GetLastPInvokeError() is Libc.Again or Libc.Interrupted ? WouldBlock : throw SocketFault.Last("accept4");
    }

    /// <summary>Starts to connect: the descriptor becomes writable when it has, or failed.</summary>
    public static int Connect(IPEndPoint to, int receiveBuffer = 0)
    {
        var descriptor = SocketFault.Check(Libc.OpenSocket(Libc.Internet, Libc.StreamNonBlocking, 0), "socket");
        Set(descriptor, Libc.Tcp, Libc.NoDelay, 1);
        if (receiveBuffer > 0)
        {
            Set(descriptor, Libc.SocketLevel, Libc.ReceiveBuffer, receiveBuffer);
        }
        var address = AddressOf(to);
        if (Libc.Connect(descriptor, &address, (uint)sizeof(Libc.SocketAddress)) < 0 && Marshal.GetLastPInvokeError() != Libc.InProgress)
        {
            var fault = SocketFault.Last($"connect {to}");
            _ = Libc.Close(descriptor);
            throw fault;
        }
        return descriptor;
    }

    /// <returns>What the kernel has against the connection; 0: nothing.</returns>
    public static int ErrorOf(int descriptor)
    {
        int error;
        var length = (uint)sizeof(int);
        _ = SocketFault.Check(Libc.GetOption(descriptor, Libc.SocketLevel, Libc.SocketError, &error, &length), "getsockopt");
        return error;
    }

    /// <returns>Bytes, 0 at the peer's FIN, <see cref="WouldBlock"/> or <see cref="Gone"/>.</returns>
    public static int Receive(int descriptor, Span<byte> into)
    {
        fixed (byte* start = into)
        {
            var count = (int)Libc.Receive(descriptor, start, (nuint)into.Length, 0);
            return count >= 0 ? count : Marshal.GetLastPInvokeError() is Libc.Again or Libc.Interrupted ? WouldBlock : Gone;
        }
    }

    /// <returns>Bytes taken by the kernel, <see cref="WouldBlock"/> or <see cref="Gone"/>.</returns>
    public static int Send(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            var count = (int)Libc.Send(descriptor, start, (nuint)bytes.Length, Libc.NoSignal);
            return count >= 0 ? count : Marshal.GetLastPInvokeError() is Libc.Again or Libc.Interrupted ? WouldBlock : Gone;
        }
    }

    public static void Close(int descriptor) => _ = Libc.Close(descriptor);

    private static void Set(int descriptor, int level, int name, int value) =>
        _ = SocketFault.Check(Libc.SetOption(descriptor, level, name, &value, sizeof(int)), "setsockopt");

    private static Libc.SocketAddress AddressOf(IPEndPoint at) => new()
    {
        Family = Libc.Internet,
        Port = BinaryPrimitives.ReverseEndianness((ushort)at.Port),
        Address = BitConverter.ToUInt32(at.Address.GetAddressBytes()),
    };
}
