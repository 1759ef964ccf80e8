using Podvirt.Access;
using Podvirt.Configuration;
using Podvirt.ConsoleSite;
using Podvirt.Core.Models;
using Podvirt.Gateway;

namespace Podvirt;

/// <summary>What a host may want to tell its people about the Podvirt in it.</summary>
public sealed class PodvirtInstance
{
    private readonly PodvirtConfig _config;
    private readonly ConsoleSwitch _console;
    private readonly SignInCodes _codes;
    private readonly GatewayStatus? _gateway;
    private string? _developmentKey;

    internal PodvirtInstance(PodvirtConfig config, ConsoleSwitch console, SignInCodes codes, GatewayStatus? gateway)
    {
        _config = config;
        _console = console;
        _codes = codes;
        _gateway = gateway;
    }

    internal string? DevelopmentKey
    {
        set => _developmentKey = value;
    }

    /// <summary>How long running answers may go on after a stop was asked for.</summary>
    public TimeSpan DrainTimeout => _config.Limits.Drain;

    /// <summary>Where HTTP/2 without TLS is wanted as well; null: nowhere. A host that listens for itself may leave it.</summary>
    public Uri? ListenH2c => _config.Gateway.ListenH2c;

    /// <summary>The first model of the catalog that chats; null where there is none.</summary>
    public string? FirstChatModel => _config.Models.FirstOrDefault(m => m.Type is ModelType.Chat or ModelType.Code)?.Id;

    /// <summary>Requests that are being answered, or wait for an engine.</summary>
    public int RunningRequests => _gateway?.Running ?? 0;

    /// <summary>The key that the first start made: handed out once, null ever after.</summary>
    public string? TakeDevelopmentKey() => Interlocked.Exchange(ref _developmentKey, null);

    /// <summary>It serves requests; else it is a part of a cluster that does something else.</summary>
    public bool Serves => _gateway is not null;

    /// <summary>A link that signs in to the console, once, within a quarter of an hour; null when the console is off, or elsewhere.</summary>
    /// <param name="origin">Where the server is reached; <c>public_url</c> comes first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The state store does not take its code.</exception>
    public async Task<string?> NewConsoleLinkAsync(Uri origin, CancellationToken cancellationToken = default) =>
        Serves && _console.IsOn ? ConsoleLink.For(_console.PublicUrl ?? origin, await _codes.IssueAsync(cancellationToken)) : null;
}
