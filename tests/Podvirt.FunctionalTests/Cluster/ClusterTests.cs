using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests.Cluster;

/// <summary>The parts of a cluster together: two gateways, two schedulers, two metering workers, a node agent, NATS, Nomad and ClickHouse.</summary>
[Collection(nameof(Alone))]
public sealed class ClusterTests
{
    private static string Catalog => Configs.Catalog(Configs.Model("chat"), Configs.Model("other"));

    [Fact]
    public async Task ColdCallThroughOneGateway_IsServedByBothAndBilledOnce()
    {
        await using var cluster = await LocalCluster.StartWholeAsync(Catalog);
        try
        {
            using (var cold = await cluster["gateway-1"].ChatAsync("chat", stream: false))
            {
                Assert.Equal(HttpStatusCode.OK, cold.StatusCode);
            }
            var replica = await ReplicaAsync(cluster["gateway-1"], "s-1");
            Assert.Equal(replica, await ReplicaAsync(cluster["gateway-2"], "s-1"));

            var records = await cluster["gateway-2"].RecordsAsync(3);
            Assert.Equal(3, records.Count);
            Assert.Equal(3, records.Select(r => (string)r["id"]!).Distinct().Count());
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new InvalidOperationException(cluster.Said(), e);
        }
    }

    private static async Task<string> ReplicaAsync(PodvirtProcess gateway, string session)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new JsonObject
            {
                ["model"] = "chat",
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Describe a harbour town." }),
            }),
        };
        request.Headers.Add("X-Podvirt-Session-Id", session);
        using var response = await gateway.Client.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return response.Headers.GetValues("x-podvirt-replica").Single();
    }
}
