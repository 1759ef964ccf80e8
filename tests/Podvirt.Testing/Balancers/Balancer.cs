using System.Net.Sockets;

namespace Podvirt.Testing.Balancers;

/// <summary>A real nginx or HAProxy before two gateways, set up by the file in <c>samples/Balancers</c> as it stands but for its addresses.</summary>
public sealed class Balancer : IAsyncDisposable
{
    private static readonly string[] s_sampleGateways = ["10.0.0.11:8080", "10.0.0.12:8080"];
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo _folder;
    private readonly string _program;
    private readonly IReadOnlyList<string> _arguments;

    private Balancer(Uri address, DirectoryInfo folder, string program, params IReadOnlyList<string> arguments)
    {
        Address = address;
        _folder = folder;
        _program = program;
        _arguments = arguments;
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>The process that was started, nginx's master; null while it is stopped.</summary>
    public ChildProcess? Process { get; private set; }

    /// <param name="gateways">Two, as the sample has.</param>
    public static Task<Balancer> StartNginxAsync(Uri address, IReadOnlyList<Uri> gateways)
    {
        var folder = Directory.CreateTempSubdirectory("podvirt-nginx-");
        var site = Write(folder, "podvirt.conf", Fill("nginx.conf", "listen 80;", $"listen {address.Authority};", gateways));
        var main = Write(folder, "nginx.conf", NginxAround(site));
        return StartedAsync(new Balancer(address, folder, "nginx", "-p", folder.FullName, "-e", "stderr", "-c", main));
    }

    /// <param name="gateways">Two, as the sample has.</param>
    public static Task<Balancer> StartHaproxyAsync(Uri address, IReadOnlyList<Uri> gateways)
    {
        var folder = Directory.CreateTempSubdirectory("podvirt-haproxy-");
        var file = Write(folder, "haproxy.cfg", Fill("haproxy.cfg", "bind :80", $"bind {address.Authority}", gateways));
        return StartedAsync(new Balancer(address, folder, "haproxy", "-db", "-f", file));
    }

    /// <summary>At the same address. Returns when it listens.</summary>
    /// <exception cref="InvalidOperationException">It did not start: what it said.</exception>
    public async Task StartAgainAsync()
    {
        Process = ChildProcess.Start(_program, _arguments);
        using var limit = new CancellationTokenSource(s_startLimit);
        while (!await ListensAsync())
        {
            if (Process.HasExited || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"{_program} did not start:\n{Process.Output}");
            }
            await Task.Delay(s_pause);
        }
    }

    /// <summary>As a crash would end it.</summary>
    public async Task KillAsync()
    {
        if (Process is not null)
        {
            await Process.DisposeAsync();
            Process = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task<Balancer> StartedAsync(Balancer balancer)
    {
        try
        {
            await balancer.StartAgainAsync();
        }
        catch
        {
            await balancer.DisposeAsync();
            throw;
        }
        return balancer;
    }

    private static string Fill(string sample, string sampleListen, string listen, IReadOnlyList<Uri> gateways)
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, "samples/Balancers", sample));
        foreach (var (old, value) in s_sampleGateways.Zip(gateways, static (s, g) => (s, g.Authority)).Append((sampleListen, listen)))
        {
            text = text.Contains(old, StringComparison.Ordinal)
                ? text.Replace(old, value, StringComparison.Ordinal)
                : throw new InvalidOperationException($"The sample {sample} has no '{old}' any more.");
        }
        return text;
    }

    private static string Write(DirectoryInfo folder, string name, string text)
    {
        var file = Path.Combine(folder.FullName, name);
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>What the distribution's own <c>nginx.conf</c> has around a site, in a folder of ours.</summary>
    private static string NginxAround(string site) => $$"""
        daemon off;
        worker_processes 2;
        pid nginx.pid;
        events { worker_connections 4096; }
        http {
            access_log off;
            client_body_temp_path body;
            proxy_temp_path proxy;
            fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi;
            scgi_temp_path scgi;
            include {{site}};
        }
        """;

    private async Task<bool> ListensAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Address.Host, Address.Port);
            return true;
        }
        catch (SocketException)
        {
            // Not so far.
            return false;
        }
    }
}
