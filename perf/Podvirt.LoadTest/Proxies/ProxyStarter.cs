using System.Globalization;

namespace Podvirt.LoadTest.Proxies;

/// <summary>Starts the proxies under test in front of one engine, each as its documentation has it, on one worker or IO thread.</summary>
internal sealed class ProxyStarter(Workplace place, int enginePort)
{
    private static readonly Dictionary<string, string> s_noVariables = [];

    /// <summary>One thread that waits for sockets, as HAProxy and nginx have one worker.</summary>
    public static readonly IReadOnlyDictionary<string, string> OneThread = new Dictionary<string, string> { ["DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"] = "1" };

    public Task<Proxy> StartAsync(string name) => name switch
    {
        Proxy.Direct => Task.FromResult(new Proxy(name, enginePort, process: null)),
        Proxy.Haproxy => StartHaproxyAsync(),
        Proxy.Nginx => StartNginxAsync(),
        Proxy.Yarp => StartYarpAsync(),
        _ => throw new UsageException($"There is no proxy '{name}'."),
    };

    private async Task<Proxy> StartHaproxyAsync()
    {
        var port = Readiness.FreePort();
        var configuration = Fill("haproxy.cfg", port, place.Scratch);
        var process = await OwnedProcess.StartAsync(place.LogOf("haproxy"), s_noVariables, "haproxy", "-db", "-f", configuration);
        await Readiness.WaitAsync(process, port, "/health");
        return new Proxy(Proxy.Haproxy, port, process);
    }

    private async Task<Proxy> StartNginxAsync()
    {
        var port = Readiness.FreePort();
        var folder = place.FreshFolder("nginx");
        var configuration = Fill("nginx.conf", port, folder);
        var process = await OwnedProcess.StartAsync(place.LogOf("nginx"), s_noVariables, "nginx", "-p", folder, "-e", "stderr", "-c", configuration);
        await Readiness.WaitAsync(process, port, "/health");
        return new Proxy(Proxy.Nginx, port, process);
    }

    private async Task<Proxy> StartYarpAsync()
    {
        var port = Readiness.FreePort();
        var process = await OwnedProcess.StartAsync(
            place.LogOf("yarp"), OneThread, place.YarpCommand, $"--urls=http://127.0.0.1:{port}", $"--engine=http://127.0.0.1:{enginePort}/");
        await Readiness.WaitAsync(process, port, "/health");
        return new Proxy(Proxy.Yarp, port, process);
    }

    /// <summary>Writes a committed configuration with this run's ports in it.</summary>
    private string Fill(string name, int port, string folder)
    {
        var text = File.ReadAllText(Path.Combine(place.Peers, name))
            .Replace("@LISTEN@", $"127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal)
            .Replace("@ENGINE@", $"127.0.0.1:{enginePort.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal);
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
