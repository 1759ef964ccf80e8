using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Playground;

/// <summary>
/// The console's way in: chat completions on a project's account, without a key and without a connection. Everything else
/// is as for any client: admission, parking, affinity, the relay, and the usage record, under the surface <c>playground</c>.
/// </summary>
public sealed class PlaygroundCaller
{
    private readonly InferenceHandler _inference;

    internal PlaygroundCaller(InferenceHandler inference) => _inference = inference;

    /// <summary>Begins one call. It runs until its end or <see cref="PlaygroundCall.Abort"/>, whoever waits for it.</summary>
    /// <param name="caller">Who pays.</param>
    /// <param name="headers">As a client would send them.</param>
    /// <param name="body">A chat completion request as JSON. Not changed until the call has ended.</param>
    public PlaygroundCall Begin(Caller caller, IEnumerable<KeyValuePair<string, string>> headers, ReadOnlyMemory<byte> body)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return PlaygroundCall.Begin(headers, body, context => _inference.HandleAsync(context, Surface.Playground, caller));
    }
}
