using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>An authority that this process trusts as it trusts those of the system, and what it issues for 127.0.0.1.</summary>
internal static class TestAuthority
{
    static TestAuthority()
    {
        var now = DateTimeOffset.UtcNow;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=podvirt-tests-authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        Trust(authority);

        using var ownKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var own = new CertificateRequest("CN=podvirt-tests-engine", ownKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        own.CertificateExtensions.Add(names.Build());
        using var issued = own.Create(authority, now.AddDays(-1), now.AddDays(1), [1]);
        Trusted = issued.CopyWithPrivateKey(ownKey);
        Untrusted = own.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    public static X509Certificate2 Trusted { get; }

    /// <summary>Signed by itself.</summary>
    public static X509Certificate2 Untrusted { get; }

    // The user's own store lies below HOME, which is looked up once: here, so that nobody else's is touched.
    private static void Trust(X509Certificate2 authority)
    {
        const string Home = "HOME";
        var before = Environment.GetEnvironmentVariable(Home);
        Environment.SetEnvironmentVariable(Home, Directory.CreateTempSubdirectory("podvirt-tests-").FullName);
        try
        {
            using var store = new X509Store(StoreName.Root, StoreLocation.CurrentUser);
            store.Open(OpenFlags.ReadWrite);
            store.Add(X509CertificateLoader.LoadCertificate(authority.RawData));
        }
        finally
        {
            Environment.SetEnvironmentVariable(Home, before);
        }
    }
}
