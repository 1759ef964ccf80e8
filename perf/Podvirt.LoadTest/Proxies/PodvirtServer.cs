namespace Podvirt.LoadTest.Proxies;

/// <summary><c>podvirt serve</c> with a data folder of its own and a known key.</summary>
internal sealed class PodvirtServer
{
    public const string Key = "pv-load-test-key-0123456789abcdef0123456789";

    /// <summary>More requests at a time than any scenario sends: the measurement is of the relay, not of the queue before it.</summary>
    private const int Concurrency = 20_000;

    private PodvirtServer(Proxy proxy, string data)
    {
        Proxy = proxy;
        Data = data;
    }

    public Proxy Proxy { get; }

    public string Data { get; }

    /// <summary>One model that an engine outside of Podvirt serves already.</summary>
    public static string ExternalModel(int enginePort) => $$"""
        gpus:
          simulated: { count: 1, type: H100, memory: 80GiB }
        models:
          - id: mock
            type: chat
            engine: { kind: external, url: "http://127.0.0.1:{{enginePort}}" }
            replicas: { concurrency: {{Concurrency}} }
            price: { prompt: 0.10, cached: 0.02, completion: 0.30 }
        """;

    public static async Task<PodvirtServer> StartAsync(Workplace place, string configuration, IReadOnlyDictionary<string, string> variables)
    {
        var port = Readiness.FreePort();
        var folder = place.FreshFolder("podvirt");
        var file = Path.Combine(folder, "podvirt.yaml");
        await File.WriteAllTextAsync(file, configuration);
        var data = Path.Combine(folder, "data");
        var environment = new Dictionary<string, string>(variables) { ["PODVIRT_API_KEY"] = Key };
        var process = await OwnedProcess.StartAsync(
            place.LogOf("podvirt"), environment, place.PodvirtCommand, "serve", "--config", file, "--listen", $"http://127.0.0.1:{port}", "--data", data);
        await Readiness.WaitAsync(process, port, "/readyz");
        return new PodvirtServer(new Proxy(Proxy.Podvirt, port, process), data);
    }
}
