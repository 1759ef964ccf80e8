using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Podvirt.Testing;

/// <summary>A certificate of the tests' own, and clients that trust it.</summary>
public static class Certificates
{
    private const string Name = "CN=podvirt-tests";

    /// <summary>For clients that take such a certificate and no other.</summary>
    public static SslClientAuthenticationOptions TakeOurs { get; } = new()
    {
        RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == Name,
    };

    /// <summary>Writes a certificate and its key, and gives the variables that point an ASP.NET Core server to them.</summary>
    public static Dictionary<string, string> Make(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var file = Path.Combine(folder, "tests.pem");
        var keyFile = Path.Combine(folder, "tests.key");
        File.WriteAllText(file, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Kestrel__Certificates__Default__Path"] = file,
            ["Kestrel__Certificates__Default__KeyPath"] = keyFile,
        };
    }
}
