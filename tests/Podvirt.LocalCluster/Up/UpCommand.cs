using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Podvirt.Testing.Balancers;

namespace Podvirt.LocalCluster.Up;

/// <summary><c>up</c>: a whole cluster for a look, until Ctrl-C.</summary>
internal static class UpCommand
{
    private const string DefaultListen = "http://127.0.0.1:8080";
    private const string Catalog = "tests/Podvirt.LocalCluster/Up/podvirt.yaml";
    private const int NatsServers = 3;

    /// <summary>1. Makes sure of the address. 2. Starts everything. 3. Says where it is. 4. Starts again what ends. 5. Stops, gateways first.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var listen = Listen(arguments);
        EnsureFree(listen);
        var stopping = OwnSession.Stopping;
        var secrets = Secrets.Make();
        var catalog = $"{await File.ReadAllTextAsync(Path.Combine(Checkout.Root, Catalog), CancellationToken.None)}\npublic_url: {listen.GetLeftPart(UriPartial.Authority)}\n";
        Say($"Starting {NatsServers} nats-servers, ClickHouse, the Nomad double, a node agent, and two schedulers, metering workers and gateways …");
        var cluster = await ClusterProcesses.StartWholeAsync(catalog, natsServers: NatsServers, environment: secrets.Environment);
        Balancer? nginx = null;
        try
        {
            nginx = await Balancer.StartNginxAsync(listen, [cluster["gateway-1"].Address, cluster["gateway-2"].Address]);
            Say(await Picture.OfAsync(cluster, nginx, secrets));
            await Keeper.RunAsync(cluster, nginx, stopping);
            Say("Stopping.");
        }
        finally
        {
            // Streams that still run reach their clients through nginx: it goes last.
            await cluster.DisposeAsync();
            await (nginx?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        return 0;
    }

    /// <summary>A terminal that is gone must not keep anything from being stopped.</summary>
    public static void Say(string text)
    {
        try
        {
            Console.WriteLine(text);
        }
        catch (IOException)
        {
            // Nobody reads it.
            return;
        }
    }

    private static Uri Listen(string[] arguments) => arguments switch
    {
        [] => new Uri(DefaultListen),
        ["--listen", var url] when Uri.TryCreate(url, UriKind.Absolute, out var listen) && listen is { Scheme: "http", AbsolutePath: "/" } && IPAddress.TryParse(listen.Host, out _) => listen,
        _ => throw new UsageException($"Usage: up [--listen URL], with an address such as {DefaultListen}."),
    };

    private static void EnsureFree(Uri listen)
    {
        try
        {
            var address = IPAddress.Parse(listen.Host);
            using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(address, listen.Port));
        }
        catch (SocketException error)
        {
            throw new UsageException($"{listen.GetLeftPart(UriPartial.Authority)} cannot be listened on: {error.Message}. Choose another address with --listen.");
        }
    }
}

/// <summary>Of this run only.</summary>
internal sealed record Secrets(string ApiKey, string AdminToken)
{
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["PODVIRT_API_KEY"] = ApiKey, ["PODVIRT_ADMIN_TOKEN"] = AdminToken };

    public static Secrets Make() => new($"pv-{RandomNumberGenerator.GetHexString(32, lowercase: true)}", RandomNumberGenerator.GetHexString(32, lowercase: true));
}
