using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Podvirt.Scheduler.Runtimes.Nomad.Api;

/// <summary>The connections to Nomad: as many as allowed, and trusted as configured.</summary>
internal static class NomadTransport
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>An agent that was replaced behind its name is found again after this time.</summary>
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    /// <exception cref="System.Security.Cryptography.CryptographicException">A certificate cannot be read.</exception>
    public static SocketsHttpHandler Create(NomadOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            MaxConnectionsPerServer = options.ConnectionsMax,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionLifetime = ConnectionLifetime,
            AllowAutoRedirect = false,
            UseCookies = false,
        };
        if (options.Address.Scheme == Uri.UriSchemeHttps)
        {
            handler.SslOptions = Tls(options);
        }

        return handler;
    }

    private static SslClientAuthenticationOptions Tls(NomadOptions options)
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.CaFile is { } authority)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                // A private authority publishes no list of what it took back.
                RevocationMode = X509RevocationMode.NoCheck,
            };
            tls.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(authority);
        }

        if (options is { CertFile: { } certificate, KeyFile: { } key })
        {
            tls.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, key)];
        }

        return tls;
    }
}
