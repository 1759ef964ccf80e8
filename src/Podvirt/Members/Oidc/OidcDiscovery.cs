using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Podvirt.Members.Oidc;

/// <summary>What the provider says of itself: its addresses and its keys, read when they are needed and kept for an hour.</summary>
internal sealed class OidcDiscovery(Uri authority, HttpClient client, TimeProvider time) : IDisposable
{
    private const string Path = "/.well-known/openid-configuration";

    private static readonly TimeSpan _lifetime = TimeSpan.FromHours(1);

    /// <summary>Tokens with made-up keys do not make this server ask all the time.</summary>
    private static readonly TimeSpan _refreshInterval = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private OpenIdConnectConfiguration? _known;
    private DateTimeOffset _readAt;

    public Task<OpenIdConnectConfiguration> GetAsync(CancellationToken cancellationToken) => ReadAsync(_lifetime, cancellationToken);

    /// <summary>A key was not among those known: the provider may have new ones.</summary>
    public Task<OpenIdConnectConfiguration> RefreshAsync(CancellationToken cancellationToken) => ReadAsync(_refreshInterval, cancellationToken);

    public void Dispose() => _gate.Dispose();

    private async Task<OpenIdConnectConfiguration> ReadAsync(TimeSpan ageMax, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (_known is null || now - _readAt >= ageMax)
            {
                var address = authority.AbsoluteUri.TrimEnd('/') + Path;
                var read = await OpenIdConnectConfigurationRetriever.GetAsync(
                    address, new HttpDocumentRetriever(client) { RequireHttps = authority.Scheme == Uri.UriSchemeHttps }, cancellationToken);
                if (read.Issuer?.TrimEnd('/') != authority.AbsoluteUri.TrimEnd('/'))
                {
                    throw new InvalidOperationException($"{address} is of the issuer '{read.Issuer}', and the configuration names '{authority}'");
                }
                (_known, _readAt) = (read, now);
            }
            return _known;
        }
        finally
        {
            _gate.Release();
        }
    }
}
