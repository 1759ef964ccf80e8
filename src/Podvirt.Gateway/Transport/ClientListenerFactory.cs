using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Podvirt.Gateway.Transport;

/// <summary>Kestrel's connections on the event loops. For TCP; other kinds of endpoint stay with the host's own transport.</summary>
internal sealed class ClientListenerFactory(
    EventLoops loops, IMemoryPoolFactory<byte> pools, IOptions<SocketTransportOptions> options, TimeProvider time, ILogger<ClientListener> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    /// <exception cref="AddressInUseException">Somebody else listens there.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? listening = null;
        try
        {
            listening = options.Value.CreateBoundListenSocket(endpoint);
            listening.Listen(options.Value.Backlog);
            return new ValueTask<IConnectionListener>(new ClientListener(listening, loops, pools.Create(), time, logger));
        }
        catch (Exception e)
        {
            listening?.Dispose();
            if (e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
            {
                throw new AddressInUseException(e.Message, e);
            }
            throw;
        }
    }
}
