using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>What clients are told that their answers cost, and what the ledger says.</summary>
public class UsageCostTests
{
    [Fact]
    public async Task PricesThatChangeWhileAnswersRun_AreToldAsTheLedgerHasThem()
    {
        const int Calls = 24;
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("m", more: "--sim-token-time, 10ms")));
        server.Client.DefaultRequestHeaders.Add("X-Podvirt-Usage-Cost", "true");
        var told = new Dictionary<string, string>(StringComparer.Ordinal);
        using var ended = new CancellationTokenSource();

        var pricing = ChangePricesAsync(server, ended.Token);
        await Task.WhenAll(Enumerable.Range(0, Calls).Select(async number =>
        {
            var (id, cost) = await (number % 2 == 0 ? StreamAsync(server, number) : PlainAsync(server, number));
            lock (told)
            {
                told.Add(id, cost);
            }
        }));
        await ended.CancelAsync();
        var versions = await pricing;

        var records = await server.RecordsAsync(Calls);
        Assert.True(versions > 1, "no price changed");
        Assert.All(records, record => Assert.Equal((string)record["cost"]!, told[(string)record["id"]!]));
        Assert.DoesNotContain("0.000000000000", told.Values);
    }

    private static async Task<int> ChangePricesAsync(PodvirtProcess server, CancellationToken cancellationToken)
    {
        var version = 1;
        while (!cancellationToken.IsCancellationRequested)
        {
            using var response = await server.Admin.PostAsJsonAsync("api/models/m/rates", new { prompt = version, completion = version * 3 }, CancellationToken.None);
            version = (int)(await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonObject>(CancellationToken.None))!["version"]!;
        }
        return version;
    }

    private static async Task<(string Id, string Cost)> StreamAsync(PodvirtProcess server, int number)
    {
        using var stream = new SseReader(await server.ChatAsync(
            "m", stream: true, $"Story {number}", new { stream_options = new { include_usage = true }, max_tokens = 10 + number }));
        await stream.ReadAsync();
        Assert.True(stream.IsDone);
        return (stream.RequestId, (string)stream.Usage!["cost"]!);
    }

    private static async Task<(string Id, string Cost)> PlainAsync(PodvirtProcess server, int number)
    {
        using var response = await server.ChatAsync("m", stream: false, $"Note {number}", new { max_tokens = 10 + number });
        var usage = (await response.Content.ReadFromJsonAsync<JsonObject>())!["usage"]!;
        return (response.Headers.GetValues("x-request-id").Single(), (string)usage["cost"]!);
    }
}
