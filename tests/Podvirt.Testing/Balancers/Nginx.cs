using System.Net.Sockets;

namespace Podvirt.Testing.Balancers;

/// <summary>A real nginx before gateways, set up by <c>samples/Balancers/nginx.conf</c> as it stands but for its addresses.</summary>
public sealed class Nginx : IAsyncDisposable
{
    private const string Sample = "samples/Balancers/nginx.conf";
    private const string SampleListen = "listen 80;";

    private static readonly string[] s_sampleGateways = ["10.0.0.11:8080", "10.0.0.12:8080"];
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("podvirt-nginx-");
    private readonly string _site;

    private Nginx(Uri address, IReadOnlyList<Uri> gateways)
    {
        Address = address;
        var site = Set(File.ReadAllText(Path.Combine(Checkout.Root, Sample)), SampleListen, $"listen {address.Authority};");
        foreach (var (sample, gateway) in s_sampleGateways.Zip(gateways))
        {
            site = Set(site, sample, gateway.Authority);
        }
        _site = site;
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>The master process; null while it is stopped.</summary>
    public ChildProcess? Process { get; private set; }

    /// <param name="gateways">Two, as the sample has.</param>
    public static async Task<Nginx> StartAsync(Uri address, IReadOnlyList<Uri> gateways)
    {
        var nginx = new Nginx(address, gateways);
        try
        {
            await nginx.StartAgainAsync();
        }
        catch
        {
            await nginx.DisposeAsync();
            throw;
        }
        return nginx;
    }

    /// <summary>At the same address. Returns when it listens.</summary>
    /// <exception cref="InvalidOperationException">It did not start: what it said.</exception>
    public async Task StartAgainAsync()
    {
        await KillAsync();
        var site = Path.Combine(_folder.FullName, "podvirt.conf");
        var main = Path.Combine(_folder.FullName, "nginx.conf");
        await File.WriteAllTextAsync(site, _site);
        await File.WriteAllTextAsync(main, Main(site));
        Process = ChildProcess.Start("nginx", ["-p", _folder.FullName, "-e", "stderr", "-c", main]);
        using var limit = new CancellationTokenSource(s_startLimit);
        while (!await ListensAsync())
        {
            if (Process.HasExited || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"nginx did not start:\n{Process.Output}");
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

    private static string Set(string text, string sample, string value) => text.Contains(sample, StringComparison.Ordinal)
        ? text.Replace(sample, value, StringComparison.Ordinal)
        : throw new InvalidOperationException($"{Sample} has no '{sample}' any more.");

    /// <summary>What the distribution's own <c>nginx.conf</c> has around a site, in a folder of ours.</summary>
    private static string Main(string site) => $$"""
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
