using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;
using Podvirt.Testing.Cluster;

namespace Podvirt.FunctionalTests.Cluster;

/// <summary>The parts of a cluster together, as processes: two gateways, two schedulers, two metering workers, a node agent, NATS, Nomad and ClickHouse.</summary>
[Collection(nameof(Alone))]
public sealed class ClusterTests
{
    private const int Calls = 8;

    private static string Catalog => Configs.Catalog(
        Configs.Model("chat", replicas: "{ max: 1, concurrency: 64 }", more: "--sim-token-time, 40ms"), Configs.Model("other"));

    [Fact]
    public async Task PartsAreKilledUnderLoad_RequestsGoOnAndEachIsBilledOnce()
    {
        await using var cluster = await LocalCluster.StartWholeAsync(Catalog);
        try
        {
            await RunAsync(cluster);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new InvalidOperationException(cluster.Said(), e);
        }
    }

    private static async Task RunAsync(LocalCluster cluster)
    {
        var ids = new HashSet<string>();

        // Cold: a job on Nomad, and the same replica for a session through either gateway.
        var first = await CallAsync(cluster["gateway-1"], "chat", "s-1", ids);
        Assert.Equal(first, await CallAsync(cluster["gateway-2"], "chat", "s-1", ids));

        // The leader dies, and a worker; requests that run go on, and a cold model is started by whoever leads next.
        var leader = await LeaderAsync(cluster);
        var running = Enumerable.Range(0, Calls).Select(i => CallAsync(cluster[$"gateway-{1 + (i % 2)}"], "chat", $"r-{i}", ids)).ToList();
        await cluster[leader].KillAsync();
        await cluster["metering-1"].KillAsync();
        Assert.All(await Task.WhenAll(running), replica => Assert.Equal(first, replica));
        await CallAsync(cluster["gateway-1"], "other", "s-2", ids);
        Assert.NotEqual(leader, await LeaderAsync(cluster));
        Assert.Equal(first, await CallAsync(cluster["gateway-2"], "chat", "s-1", ids));

        // NATS goes and comes: gateways serve on by what they know.
        await cluster.Nats.KillAsync();
        await CallAsync(cluster["gateway-1"], "chat", "s-3", ids);
        await cluster.Nats.StartAgainAsync();
        await CallAsync(cluster["gateway-2"], "chat", "s-3", ids);

        // Those that were killed come back without hands, and every request is on the ledger once.
        await Task.WhenAll((await cluster.LaunchAsync(leader, "scheduler")).UntilReadyAsync(), (await cluster.LaunchAsync("metering-1", "metering")).UntilReadyAsync());
        var records = await cluster["gateway-2"].RecordsAsync(ids.Count);
        Assert.Equal(ids.Order(), records.Select(r => (string)r["id"]!).Order());
    }

    private static async Task<string> CallAsync(PodvirtProcess gateway, string model, string session, HashSet<string> ids)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new JsonObject
            {
                ["model"] = model,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Describe a harbour town." }),
            }),
        };
        request.Headers.Add("X-Podvirt-Session-Id", session);
        using var response = await gateway.Client.SendAsync(request);
        Assert.True(response.StatusCode == HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        lock (ids)
        {
            Assert.True(ids.Add(response.Headers.GetValues("x-request-id").Single()));
        }
        return response.Headers.GetValues("x-podvirt-replica").Single();
    }

    /// <summary>Once exactly one of those that answer says that it leads.</summary>
    private static async Task<string> LeaderAsync(LocalCluster cluster)
    {
        string[] leaders = [];
        await Until.TrueAsync(
            async () =>
            {
                var asked = await Task.WhenAll(new[] { "scheduler-1", "scheduler-2" }.Select(async name => (name, leads: await LeadsAsync(cluster[name]))));
                leaders = [.. asked.Where(a => a.leads).Select(a => a.name)];
                return leaders.Length == 1;
            },
            () => $"{leaders.Length} schedulers lead");
        return leaders[0];
    }

    private static async Task<bool> LeadsAsync(PodvirtProcess scheduler)
    {
        try
        {
            var report = await scheduler.Client.GetFromJsonAsync<JsonObject>("readyz");
            return report!["checks"]!.AsArray().Any(c => (string?)c!["name"] == "scheduler" && ((string?)c["detail"])!.StartsWith("leads", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            // Killed.
            return false;
        }
    }
}
