using System.Net.Sockets;
using System.Text;

namespace Podvirt.Testing.Nats;

/// <summary>A real nats-server with JetStream, on a free port of the loopback address, or several as a cluster. Data goes with it.</summary>
public sealed class NatsServer : IAsyncDisposable
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("podvirt-nats-");
    private readonly string _config;
    private ChildProcess? _process;

    private NatsServer(int port, int monitorPort, string config)
    {
        Port = port;
        Monitor = new Uri($"http://127.0.0.1:{monitorPort}");
        _config = config.Replace("STORE", _folder.FullName, StringComparison.Ordinal);
    }

    public int Port { get; }

    /// <summary>Where JetStream keeps its data, below the folder of its configuration.</summary>
    private string Store => Path.Combine(_folder.FullName, "jetstream");

    private string Kept => Path.Combine(_folder.FullName, "kept");

    /// <summary>For a client.</summary>
    public string Url => $"nats://127.0.0.1:{Port}";

    /// <summary>The server's own HTTP pages: <c>/varz</c>, <c>/jsz</c>.</summary>
    public Uri Monitor { get; }

    /// <summary>The process; null while it is stopped.</summary>
    public ChildProcess? Process => _process;

    /// <param name="options">More lines of its configuration, for example <c>max_payload</c>.</param>
    public static async Task<NatsServer> StartAsync(string options = "")
    {
        var ports = Ports.Free(2);
        var server = new NatsServer(ports[0], ports[1], Config(ports[0], ports[1], "n1", options));
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Servers that know each other, with replicated JetStream. They tell clients nothing of each other: each is reached as its client was told.</summary>
    /// <param name="count">Of servers.</param>
    /// <param name="options">More lines of their configuration.</param>
    /// <param name="lines">Lines between them; null: they reach each other without.</param>
    public static async Task<IReadOnlyList<NatsServer>> StartClusterAsync(int count = 3, string options = "", NatsPeerLines? lines = null)
    {
        var ports = Ports.Free(3 * count);
        // They tell each other, too, where they are: nobody is there, so that each goes by its lines.
        var advertised = lines is null ? "" : ", advertise: \"127.0.0.1:9\"";
        var servers = Enumerable.Range(0, count).Select(i => new NatsServer(ports[i], ports[count + i], Config(
            ports[i], ports[count + i], $"n{i + 1}",
            $"{options}\ncluster {{ name: podvirt, no_advertise: true, listen: \"127.0.0.1:{ports[(2 * count) + i]}\"{advertised}, routes: [{Routes(i)}] }}"))).ToArray();
        await Task.WhenAll(servers.Select(static s => s.StartAgainAsync()));
        return servers;

        string Routes(int from) => string.Join(", ", Enumerable.Range(0, count).Where(to => to != from).Select(to =>
        {
            var port = ports[(2 * count) + to];
            return $"\"nats://127.0.0.1:{lines?.Open(from, to, port) ?? port}\"";
        }));
    }

    /// <summary>On the same port, with the same data. Returns when it answers.</summary>
    public async Task StartAgainAsync()
    {
        var file = Path.Combine(_folder.FullName, "nats.conf");
        await File.WriteAllTextAsync(file, _config);
        _process = ChildProcess.Start("nats-server", ["-c", file]);
        using var limit = new CancellationTokenSource(s_startLimit);
        while (!await AnswersAsync())
        {
            if (_process.HasExited || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"nats-server did not start:\n{_process.Output}");
            }
            await Task.Delay(s_pause);
        }
    }

    /// <summary>As a service manager ends it: what it has acknowledged is in its files.</summary>
    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.StopAsync();
            await KillAsync();
        }
    }

    /// <summary>As a crash would end it; the data stays.</summary>
    public async Task KillAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
            _process = null;
        }
    }

    /// <summary>
    /// Loses the end of every stream and bucket that was acknowledged, as servers that were killed may: it is stopped and its data copied,
    /// starts again, is killed when <paramref name="write"/> has ended, and starts with the copy. What was written within is gone, and its
    /// revisions are given again.
    /// </summary>
    /// <param name="write">Waits until the server has acknowledged what it writes. Its connection was lost a moment ago.</param>
    /// <param name="away">Runs while the server is away for the second time; null: nothing.</param>
    public Task LoseEndAsync(Func<Task> write, Func<Task>? away = null) => LoseEndAsync([this], write, away);

    /// <inheritdoc cref="LoseEndAsync(Func{Task}, Func{Task})"/>
    /// <param name="servers">All of a cluster: one that keeps the end would give it to the others.</param>
    /// <param name="write">Waits until the servers have acknowledged what it writes.</param>
    /// <param name="away">Runs while the servers are away for the second time; null: nothing.</param>
    public static async Task LoseEndAsync(IReadOnlyList<NatsServer> servers, Func<Task> write, Func<Task>? away = null)
    {
        ArgumentNullException.ThrowIfNull(servers);
        ArgumentNullException.ThrowIfNull(write);
        await Task.WhenAll(servers.Select(static s => s.StopAsync()));
        foreach (var server in servers)
        {
            Copy(server.Store, server.Kept);
        }
        await Task.WhenAll(servers.Select(static s => s.StartAgainAsync()));
        await write();
        await Task.WhenAll(servers.Select(static s => s.KillAsync()));
        foreach (var server in servers)
        {
            Directory.Delete(server.Store, recursive: true);
            Directory.Move(server.Kept, server.Store);
        }
        await (away?.Invoke() ?? Task.CompletedTask);
        await Task.WhenAll(servers.Select(static s => s.StartAgainAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Delete(recursive: true);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
        foreach (var folder in Directory.GetDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }

    private static string Config(int port, int monitorPort, string name, string options) => $$"""
        server_name: {{name}}
        listen: "127.0.0.1:{{port}}"
        http: "127.0.0.1:{{monitorPort}}"
        max_payload: 2MB
        jetstream { store_dir: "STORE" }
        {{options}}
        """;

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port);
            var greeting = new byte[5];
            await client.GetStream().ReadExactlyAsync(greeting);
            return Encoding.ASCII.GetString(greeting) == "INFO ";
        }
        catch (Exception e) when (e is SocketException or EndOfStreamException or IOException)
        {
            return false;
        }
    }
}
