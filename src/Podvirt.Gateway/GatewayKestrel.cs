using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway;

/// <summary>What the gateway wants of the server under it.</summary>
public static class GatewayKestrel
{
    // Of what a client sends ahead and nobody has read, a connection holds this much; of what a client has not taken, too.
    // Kestrel's own default for the one is 1 MiB, and for the other the same as here.
    private const int BufferBytesMax = 64 * 1024;

    /// <summary>
    /// Lets the gateway decide when a client is too slow or sends too much, and bounds what a connection holds. Without it
    /// Kestrel's own limits are in force beside the gateway's: over HTTP/2 they end a whole connection for one slow stream.
    /// </summary>
    public static void ConfigurePodvirtGateway(this KestrelServerOptions kestrel)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        var options = kestrel.ApplicationServices.GetRequiredService<GatewayOptions>();
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinResponseDataRate = ClientReply.HostsLimit(options);
        kestrel.Limits.MaxRequestBufferSize = BufferBytesMax;
        kestrel.Limits.MaxResponseBufferSize = BufferBytesMax;
    }
}
