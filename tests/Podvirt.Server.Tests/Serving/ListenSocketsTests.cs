using System.Net;
using System.Net.Sockets;
using Podvirt.Server.Serving;

namespace Podvirt.Server.Tests.Serving;

public sealed class ListenSocketsTests
{
    [Fact]
    public async Task ConnectionIsAccepted_InheritsTheLimitOfUnsentBytes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no such limit elsewhere.");
        using var listener = ListenSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new TcpClient();
        var connecting = client.ConnectAsync((IPEndPoint)listener.LocalEndPoint!);
        using var accepted = await listener.AcceptAsync();
        await connecting;

        Assert.Equal(ListenSockets.UnsentBytesMax, ListenSockets.UnsentBytesMaxOf(accepted));
    }
}
