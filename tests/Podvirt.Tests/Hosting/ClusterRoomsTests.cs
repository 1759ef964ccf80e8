using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podvirt.Catalogs;

namespace Podvirt.Tests.Hosting;

public sealed class ClusterRoomsTests : IDisposable
{
    private const string Yaml = """
        cluster:
          nats: { url: "nats://127.0.0.1:1" }
          clickhouse: { url: "http://127.0.0.1:1" }
          nomad: { address: "http://127.0.0.1:1", driver: raw_exec }
        models:
          - { id: m, type: chat, engine: { kind: simulated }, gpu: { memory: 4GiB } }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("scheduler", true)]
    [InlineData("gateway,scheduler", true)]
    [InlineData("gateway", false)]
    [InlineData("metering", false)]
    public void ProcessThatBringsTheCatalog_WatchesItsFile(string roles, bool isWatched)
    {
        var services = new ServiceCollection().AddPodvirt(o =>
        {
            o.Yaml = Yaml;
            o.DataDirectory = _folder;
            o.Roles = PodvirtRoleNames.Parse(roles);
            o.Environment = static name => name == "PODVIRT_ADMIN_TOKEN" ? "secret" : null;
        });

        Assert.Equal(isWatched, services.Any(static s => s.ServiceType == typeof(IHostedService) && s.ImplementationType == typeof(CatalogWatch)));
    }
}
