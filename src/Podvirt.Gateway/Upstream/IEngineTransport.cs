using System.IO.Pipelines;

namespace Podvirt.Gateway.Upstream;

/// <summary>Opens byte streams to engines. The relay knows pipes only: what is under them can be replaced here.</summary>
internal interface IEngineTransport
{
    /// <exception cref="IOException">Not reachable.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">Not reachable.</exception>
    /// <exception cref="OperationCanceledException">Not in time.</exception>
    ValueTask<EngineStream> ConnectAsync(string host, int port, CancellationToken cancellationToken);
}

/// <param name="Pipes">Both directions.</param>
/// <param name="Abort">Closes it at once, from any thread: a pending read or write ends with an error.</param>
internal readonly record struct EngineStream(IDuplexPipe Pipes, Action Abort);
