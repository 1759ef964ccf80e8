using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

/// <summary>A private authority, as a Nomad cluster has one, and what it signed.</summary>
internal sealed class TestPki : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-").FullName;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;

    public TestPki()
    {
        _authority = MakeAuthority("ca", _key);
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = MakeAuthority("other ca", otherKey);
        Authority = Write("ca.pem", _authority.ExportCertificatePem());
        OtherAuthority = Write("other.pem", other.ExportCertificatePem());
        using var client = Sign("podvirt", null);
        Client = Write("client.pem", client.ExportCertificatePem());
        ClientKey = Write("client.key", client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Server = Sign("nomad", "server.global.nomad");
    }

    public string Authority { get; }

    public string OtherAuthority { get; }

    public string Client { get; }

    public string ClientKey { get; }

    public X509Certificate2 Server { get; }

    public void Dispose()
    {
        Server.Dispose();
        _authority.Dispose();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static X509Certificate2 MakeAuthority(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1));
    }

    private X509Certificate2 Sign(string name, string? dns)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        if (dns is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(dns);
            request.CertificateExtensions.Add(names.Build());
        }

        using var signed = request.Create(
            _authority, TimeProvider.System.GetUtcNow().AddMinutes(-30), TimeProvider.System.GetUtcNow().AddMinutes(30), RandomNumberGenerator.GetBytes(8));
        using var whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}

/// <summary>Answers every question with an empty list, to those who show a certificate.</summary>
internal sealed class TlsAgent : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TlsAgent(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public string? ClientName { get; private set; }

    public static async Task<TlsAgent> StartAsync(TestPki pki)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = pki.Server;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            // Who it is is looked at below; the authority is a private one.
            https.AllowAnyClientCertificate();
        })));
        var app = builder.Build();
        var agent = new TlsAgent(app);
        app.Run(context =>
        {
            agent.ClientName = context.Connection.ClientCertificate?.Subject;
            return context.Response.WriteAsync("[]");
        });
        await app.StartAsync();
        return agent;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
