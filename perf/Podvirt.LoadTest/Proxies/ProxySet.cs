namespace Podvirt.LoadTest.Proxies;

/// <summary>The proxies of one measurement, all in front of the same engine and all running throughout.</summary>
internal sealed class ProxySet : IAsyncDisposable
{
    /// <summary>What every proxy has in its configuration.</summary>
    public const string Model = "mock";

    private readonly List<Proxy> _all = [];

    private ProxySet()
    {
    }

    public IReadOnlyList<Proxy> All => _all;

    /// <summary>Null: it takes no part.</summary>
    public PodvirtServer? Podvirt { get; private set; }

    public static async Task<ProxySet> StartAsync(Workplace place, int enginePort, IEnumerable<string> names)
    {
        var set = new ProxySet();
        try
        {
            var starter = new ProxyStarter(place, enginePort);
            foreach (var name in names)
            {
                set._all.Add(name == Proxy.Podvirt ? await set.StartPodvirtAsync(place, enginePort) : await starter.StartAsync(name));
            }
            return set;
        }
        catch
        {
            await set.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _all)
        {
            await proxy.DisposeAsync();
        }
    }

    private async Task<Proxy> StartPodvirtAsync(Workplace place, int enginePort)
    {
        Podvirt = await PodvirtServer.StartAsync(place, new PodvirtConfiguration().AddExternal(Model, enginePort).ToString());
        return Podvirt.Proxy;
    }
}
