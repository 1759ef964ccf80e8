using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Podvirt.Tests;

public sealed class PodvirtKestrelTests : IDisposable
{
    private const string Yaml = """
        models:
          - { id: m, type: chat, engine: { kind: simulated }, gpu: { memory: 20GiB } }
        gateway: { client_rate: 2KiB, client_grace: 40s, client_head_timeout: 5s, client_idle_timeout: 70s }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    [Fact]
    public async Task Kestrel_GetsTheFilesLimitsAndLeavesSlowClientsToTheGateway()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddPodvirt(o => (o.Yaml, o.DataDirectory) = (Yaml, Path.Combine(_folder, "data")));
        await using var provider = services.BuildServiceProvider();

        var limits = new KestrelServerOptions { ApplicationServices = provider }.ConfigurePodvirt().Limits;

        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(70)), (limits.RequestHeadersTimeout, limits.KeepAliveTimeout));
        // The gateway's grace comes first: Kestrel would end a whole HTTP/2 connection.
        Assert.Equal(2048, limits.MinResponseDataRate!.BytesPerSecond);
        Assert.True(limits.MinResponseDataRate.GracePeriod > TimeSpan.FromSeconds(40));
        // The gateway refuses what is too large in its own shape.
        Assert.Null(limits.MaxRequestBodySize);
        Assert.Equal((64 * 1024L, 64 * 1024L), (limits.MaxRequestBufferSize, limits.MaxResponseBufferSize));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
