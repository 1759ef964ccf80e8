namespace Podvirt.LoadTest.Proxies;

/// <summary><c>podvirt serve</c> by its defaults, with a data folder of its own, a known key and one IO thread.</summary>
internal sealed class PodvirtServer : IAsyncDisposable
{
    public const string Key = "pv-load-test-key-0123456789abcdef0123456789";

    private PodvirtServer(Proxy proxy, string data)
    {
        Proxy = proxy;
        Admin = new PodvirtAdmin(proxy.Port, data);
        Timeline = EngineTimeline.Of(data);
    }

    public Proxy Proxy { get; }

    public PodvirtAdmin Admin { get; }

    public EngineTimeline Timeline { get; }

    public static async Task<PodvirtServer> StartAsync(Workplace place, string configuration)
    {
        var port = Readiness.FreePort();
        var folder = place.FreshFolder("podvirt");
        var file = Path.Combine(folder, "podvirt.yaml");
        await File.WriteAllTextAsync(file, configuration);
        var data = Path.Combine(folder, "data");
        var environment = new Dictionary<string, string>(ProxyStarter.OneThread) { ["PODVIRT_API_KEY"] = Key };
        var process = await OwnedProcess.StartAsync(
            place.LogOf("podvirt"), environment, place.PodvirtCommand, "serve", "--config", file, "--listen", $"http://127.0.0.1:{port}", "--data", data);
        await Readiness.WaitAsync(process, port, "/readyz");
        var server = new PodvirtServer(new Proxy(Proxy.Podvirt, port, process), data);
        return server;
    }

    public ValueTask DisposeAsync() => Proxy.DisposeAsync();
}
