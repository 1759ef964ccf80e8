using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Configuration;
using Podvirt.Gateway;

namespace Podvirt;

public static class PodvirtKestrel
{
    /// <summary>
    /// Sets the limits of Kestrel that go with <c>podvirt.yaml</c>: how long a client may take for a request's head, how long
    /// an idle connection is kept, what a connection holds, and that one slow stream does not cost others their HTTP/2
    /// connection. The <c>podvirt</c> executable calls it; another host may. Needs <see cref="PodvirtServices"/>.
    /// </summary>
    public static KestrelServerOptions ConfigurePodvirt(this KestrelServerOptions kestrel)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        var settings = kestrel.ApplicationServices.GetRequiredService<PodvirtConfig>().Gateway;
        kestrel.ConfigurePodvirtGateway();
        kestrel.Limits.RequestHeadersTimeout = settings.ClientHeadTimeout;
        kestrel.Limits.KeepAliveTimeout = settings.ClientIdleTimeout;
        return kestrel;
    }
}
