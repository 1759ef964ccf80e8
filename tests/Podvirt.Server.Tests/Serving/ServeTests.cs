using System.Net;
using System.Net.Sockets;
using Podvirt.Server.Client;
using Podvirt.Server.Serving;

namespace Podvirt.Server.Tests.Serving;

public sealed class ServeTests : IDisposable
{
    private const string Yaml = """
        gpus: { simulated: { count: 1, type: H100, memory: 80GiB } }
        models:
          - { id: m, type: chat, engine: { kind: simulated }, gpu: { memory: 20GiB } }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("podvirt-test-").FullName;

    private string Data => Path.Combine(_folder, "data");

    private string Config => Path.Combine(_folder, "podvirt.yaml");

    [Fact]
    public async Task AConfigurationThatIsWrong_IsReportedAsAWhole()
    {
        await File.WriteAllTextAsync(Config, "modles: []\nmodels:\n  - { id: m, type: chatt, engine: { kind: simulated }, gpu: { memory: 1GiB } }\n");

        var run = await Run.OfAsync(["serve", "--config", Config, "--data", Data]);

        Assert.Equal(2, run.Code);
        Assert.Contains("podvirt.yaml:1: modles", run.Error, StringComparison.Ordinal);
        Assert.Contains("podvirt.yaml:3: models[0].type", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AConfigurationThatIsMissing_IsNamed()
    {
        var run = await Run.OfAsync(["serve"], ("PODVIRT_CONFIG", Config), ("PODVIRT_DATA", Data));

        Assert.Equal(2, run.Code);
        Assert.Contains(Config, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8080")]
    [InlineData("ftp://127.0.0.1:1")]
    [InlineData("http://127.0.0.1:1/path")]
    public async Task AnAddressThatIsNone_IsAUsageError(string listen) =>
        Assert.Equal(2, (await Run.OfAsync(["serve"], ("PODVIRT_LISTEN", listen))).Code);

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    public async Task AnH2cAddressWithTheSamePort_IsAUsageError(string host)
    {
        await File.WriteAllTextAsync(Config, $"{Yaml}\ngateway: {{ listen_h2c: 'http://{host}:18999' }}\n");

        var run = await Run.OfAsync(["serve", "--config", Config, "--data", Data, "--listen", "http://127.0.0.1:18999"]);

        Assert.Equal(2, run.Code);
        Assert.Contains("gateway.listen_h2c", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnH2cAddressInUse_IsNamed()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await File.WriteAllTextAsync(Config, $"{Yaml}\ngateway: {{ listen_h2c: 'http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}' }}\n");

        var run = await Run.OfAsync(["serve", "--config", Config, "--data", Data, "--listen", "http://127.0.0.1:0"]);

        Assert.Equal(1, run.Code);
        Assert.Contains("gateway.listen_h2c", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnAddressInUse_IsOneLine_AndMakesNoKey()
    {
        await File.WriteAllTextAsync(Config, Yaml);
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}";

        var run = await Run.OfAsync(["serve", "--config", Config, "--data", Data, "--listen", address]);

        Assert.Equal(1, run.Code);
        Assert.StartsWith($"{address} is in use.", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task AFolderThatAnotherServerHas_IsRefused()
    {
        await File.WriteAllTextAsync(Config, Yaml);
        using var held = DataLock.Take(Data);
        new ServerFile("http://127.0.0.1:8080", 4711).Write(Data);

        var run = await Run.OfAsync(["serve", "--config", Config, "--data", Data, "--listen", "http://127.0.0.1:0"]);

        Assert.Equal(1, run.Code);
        Assert.Contains("4711", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderThatWasGivenBack_CanBeTaken()
    {
        DataLock.Take(Data).Dispose();
        DataLock.Take(Data).Dispose();
    }

    [Fact]
    public void TheSecondSignal_AsksForMore()
    {
        using var lifetime = new ServerLifetime();

        lifetime.Signal();
        Assert.True(lifetime.FirstSignal.IsCompleted);
        Assert.False(lifetime.SecondSignal.IsCancellationRequested);

        lifetime.Signal();
        Assert.True(lifetime.SecondSignal.IsCancellationRequested);
    }

    [Fact]
    public void AFirstStartsBanner_CanBePasted()
    {
        var text = Banner.Text(new Uri("http://127.0.0.1:8080"), "http://127.0.0.1:8080/inference/serverless#signin=CODE", "q3", "pv-key");

        Assert.Contains(
            """curl -N http://127.0.0.1:8080/v1/chat/completions -H 'Authorization: Bearer pv-key' -H 'Content-Type: application/json' -d '{"model":"q3","stream":true,""",
            text, StringComparison.Ordinal);
        Assert.Contains("#signin=CODE", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ALaterStartsBanner_NamesTheVariable()
    {
        var text = Banner.Text(new Uri("http://127.0.0.1:8080"), consoleLink: null, "q3", newKey: null);

        Assert.Contains("\"Authorization: Bearer $PODVIRT_API_KEY\"", text, StringComparison.Ordinal);
        Assert.Contains("podvirt keys create", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Console", text, StringComparison.Ordinal);
    }

    [Fact]
    public void ABannerOfAPartWithoutTheGateway_NamesNoApi()
    {
        var text = Banner.TextOfPart(new Uri("http://127.0.0.1:8080"), "scheduler,metering");

        Assert.Contains("scheduler,metering", text, StringComparison.Ordinal);
        Assert.Contains("http://127.0.0.1:8080/readyz", text, StringComparison.Ordinal);
        Assert.DoesNotContain("/v1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("curl", text, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
