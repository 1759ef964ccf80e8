using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Messages;
using Podvirt.Messaging.Nats;
using Podvirt.Testing.Nats;

namespace Podvirt.Messaging.Tests.Nats;

/// <summary>What is refused, by the server or by this side, and how that shows.</summary>
public sealed class NatsRefusalTests
{
    private static readonly Subject<ReplicaTrouble> s_subject = new("podvirt.test.refusals");

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ServerTakesSmallMessagesOnly_LongerOnesFailClearly()
    {
        await using var server = await NatsServer.StartAsync("max_payload: 64KB");
        var clientLog = new LogLines<NatsClient>();
        await using var client = new NatsClient(new NatsOptions { Url = server.Url }, TimeProvider.System, clientLog);
        await using var store = NatsProcess.OpenState(client);
        await store.PutAsync("small", Bytes("x"), Ended);

        var error = await Assert.ThrowsAsync<IOException>(async () => await store.PutAsync("large", new byte[100_000], Ended));

        Assert.Contains("65536", error.Message, StringComparison.Ordinal);
        await NatsProcess.UntilAsync(() => clientLog.Count(eventId: 3004) == 1, "the limit is complained of");

        var busLog = new LogLines<NatsBus>();
        await using var bus = new NatsBus(client, TimeProvider.System, busLog);
        await using var subscription = bus.Subscribe(s_subject);
        using var failures = new CountedMetric("podvirt.nats.publish.failures", s_subject.Name);
        // It cannot be compressed: it would fit.
        var random = new byte[200_000];
        new Random(1).NextBytes(random);
        await bus.PublishAsync(s_subject, Message(Convert.ToBase64String(random)), Ended);
        await bus.PublishAsync(s_subject, Message(Convert.ToBase64String(random)), Ended);
        await bus.PublishAsync(s_subject, Message("fits"), Ended);
        Assert.Equal("fits", await NextAsync(subscription));
        Assert.Equal((2, 1), (failures.Sum, busLog.Count(eventId: 3021)));
    }

    [Fact]
    public async Task NewerVersionOrDamage_IsCountedLoggedOnceAndLeftOut()
    {
        await using var server = await NatsServer.StartAsync();
        await using var client = NatsProcess.Connect(server);
        await client.WhenConnectedAsync(Ended);
        var log = new LogLines<NatsBus>();
        await using var bus = new NatsBus(client, TimeProvider.System, log);
        await using var subscription = bus.Subscribe(s_subject);
        using var refused = new CountedMetric("podvirt.nats.refused", s_subject.Name);
        await bus.PublishAsync(s_subject, Message("first"), Ended);
        Assert.Equal("first", await NextAsync(subscription));

        for (var i = 0; i < 3; i++)
        {
            await client.Connection.PublishAsync(s_subject.Name, Convert.FromHexString("9302A2" + "6777A161"), cancellationToken: Ended);
            await client.Connection.PublishAsync(s_subject.Name, "no message"u8.ToArray(), cancellationToken: Ended);
        }
        await bus.PublishAsync(s_subject, Message("last"), Ended);

        Assert.Equal("last", await NextAsync(subscription));
        Assert.Equal((6, 1, 1), (refused.Sum, log.Count(eventId: 3022), log.Count(eventId: 3023)));
    }

    [Fact]
    public async Task Credentials_OpenTheServerAndAreNeverShown()
    {
        await using var server = await NatsServer.StartAsync("authorization { user: someone, password: \"s3cr/t\" }");
        var url = server.Url.Replace("nats://", "nats://someone:s3cr%2Ft@", StringComparison.Ordinal);
        await using var client = NatsProcess.Connect(url);
        await using var store = NatsProcess.OpenState(client);
        await store.PutAsync("k", Bytes("v"), Ended);

        var log = new LogLines<NatsClient>();
        await using var wrong = new NatsClient(
            new NatsOptions { Url = url.Replace("s3cr", "wr0ng", StringComparison.Ordinal), RequestTimeout = TimeSpan.FromSeconds(1) }, TimeProvider.System, log);
        await using var refused = NatsProcess.OpenState(wrong);
        var error = await Assert.ThrowsAsync<IOException>(async () => await refused.GetAsync("k", Ended));

        Assert.Contains("uthorization", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, log.Count(eventId: 3007));
        Assert.DoesNotContain("wr0ng", error.Message + wrong.Reason + wrong.Options.Servers + string.Join('\n', log.All), StringComparison.Ordinal);
        Assert.Equal("v", Encoding.UTF8.GetString((await store.GetAsync("k", Ended))!.Value.Span));
    }

    [Fact]
    public async Task BucketWithAnotherPeriod_IsRefused()
    {
        await using var server = await NatsServer.StartAsync();
        await using (var client = NatsProcess.Connect(server))
        {
            await new NatsLeases(client).ListAsync("", Ended);
        }

        await using var other = new NatsClient(
            new NatsOptions { Url = server.Url, LeasePeriod = TimeSpan.FromSeconds(30) }, TimeProvider.System, NullLogger<NatsClient>.Instance);
        var error = await Assert.ThrowsAsync<IOException>(async () => await new NatsLeases(other).TryTakeAsync("a", default, Ended));

        Assert.Contains("00:00:30", error.Message, StringComparison.Ordinal);
        Assert.Contains(NatsLeases.BucketName, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EncryptedServer_IsReachedByWhoTrustsIt()
    {
        using var directory = new TempDirectory();
        var (certificate, key) = WriteCertificate(directory);
        await using var server = await NatsServer.StartAsync($"tls {{ cert_file: \"{certificate}\", key_file: \"{key}\" }}");
        var url = server.Url.Replace("nats://", "tls://", StringComparison.Ordinal);
        await using var client = new NatsClient(new NatsOptions { Url = url, CaFile = certificate }, TimeProvider.System, NullLogger<NatsClient>.Instance);
        await using var store = NatsProcess.OpenState(client);
        await store.PutAsync("k", Bytes("v"), Ended);

        await using var stranger = NatsProcess.Connect(url, TimeSpan.FromSeconds(1));
        await using var refused = NatsProcess.OpenState(stranger);
        var error = await Assert.ThrowsAsync<IOException>(async () => await refused.GetAsync("k", Ended));
        Assert.Contains("certificate", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static (string Certificate, string Key) WriteCertificate(TempDirectory directory)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=podvirt test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(directory.File("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(directory.File("key.pem"), key.ExportPkcs8PrivateKeyPem());
        return (directory.File("cert.pem"), directory.File("key.pem"));
    }

    private static ReplicaTrouble Message(string text) => new("gateway", "model", "replica", TroubleKind.Died, text);

    private static async Task<string> NextAsync(IBusSubscription<ReplicaTrouble> subscription)
    {
        await foreach (var message in subscription.ReadAllAsync(Ended))
        {
            return message.Detail;
        }
        throw new InvalidOperationException("the subscription ended");
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
