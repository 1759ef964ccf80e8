using System.Net;
using System.Net.Sockets;

namespace Podvirt.Gateway.Transport;

/// <summary>Addresses as the system writes them.</summary>
internal static unsafe class SocketNames
{
    /// <summary>sockaddr_in6; the shorter sockaddr_in fits too.</summary>
    public const int BytesMax = 28;

    /// <summary>The address in the first <paramref name="length"/> bytes at <paramref name="address"/>.</summary>
    public static IPEndPoint Read(byte* address, uint length)
    {
        // .NET keeps the system's own layout.
        var name = new SocketAddress(AddressFamily.InterNetworkV6, BytesMax) { Size = (int)length };
        new ReadOnlySpan<byte>(address, (int)length).CopyTo(name.Buffer.Span);
        var any = new IPEndPoint(name.Family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var read = (IPEndPoint)any.Create(name);
        return read.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(read.Address.MapToIPv4(), read.Port) : read;
    }

    /// <summary>The near end of a connection.</summary>
    public static IPEndPoint Local(int descriptor)
    {
        var address = stackalloc byte[BytesMax];
        var length = (uint)BytesMax;
        SystemFault.Check(Libc.NameOf(descriptor, address, &length), "getsockname");
        return Read(address, length);
    }

    public static void SetNoDelay(int descriptor)
    {
        var on = 1;
        SystemFault.Check(Libc.SetOption(descriptor, Libc.Tcp, Libc.NoDelay, &on, sizeof(int)), "TCP_NODELAY");
    }
}
