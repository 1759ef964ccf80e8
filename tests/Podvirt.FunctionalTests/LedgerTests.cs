using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>What clients saw, what engines counted, and what the ledger says.</summary>
public class LedgerTests
{
    [Fact]
    public async Task MixedRun_LedgerEqualsTheCountsThatWereRead()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(
            Configs.Model("steady", more: "--sim-token-time, 20ms"),
            Configs.Model("dying", more: "--sim-fault, cut-stream=15"),
            Configs.Model("vectors", type: "embedding")));
        var usage = new { stream_options = new { include_usage = true, continuous_usage_stats = true }, temperature = 1, max_tokens = 60 };
        var seen = new List<Seen>();

        var calls = Enumerable.Range(0, 60).Select(async number =>
        {
            var seenHere = await ((number % 4) switch
            {
                0 => StreamAsync(server, "steady", $"Story {number}", usage, cancelAfter: null),
                1 => StreamAsync(server, "steady", $"Letter {number}", usage, cancelAfter: 5 + (number % 7)),
                2 => StreamAsync(server, "dying", $"Report {number}", usage, cancelAfter: null),
                _ => PlainAsync(server, $"Note {number}"),
            });
            lock (seen)
            {
                seen.Add(seenHere);
            }
        });
        await Task.WhenAll(calls);
        var records = (await server.RecordsAsync(60)).ToDictionary(r => (string)r["id"]!);

        Assert.Equal(60, records.Count);
        foreach (var one in seen)
        {
            var record = records[one.Id];
            Assert.Equal(one.Outcome, (string)record["outcome"]!);
            Assert.Equal(one.Prompt, (long)record["prompt_tokens"]!);
            Assert.Equal("engine", (string)record["usage_source"]!);
            if (one.Outcome == "cancelled")
            {
                // The gateway had read on while the client's last words travelled, but not to the end.
                Assert.InRange((long)record["completion_tokens"]!, one.Completion, 60);
            }
            else
            {
                Assert.Equal(one.Completion, (long)record["completion_tokens"]!);
            }
        }

        var byModel = (await server.Admin.GetFromJsonAsync<JsonObject>("api/usage?group=model"))!["data"]!.AsArray();
        foreach (var model in records.Values.GroupBy(r => (string)r["model"]!))
        {
            var sum = Assert.Single(byModel, g => (string)g!["group"]! == model.Key)!;
            Assert.Equal(model.Count(), (int)sum["requests"]!);
            Assert.Equal(model.Sum(r => (long)r["prompt_tokens"]!), (long)sum["prompt_tokens"]!);
            Assert.Equal(model.Sum(r => (long)r["completion_tokens"]!), (long)sum["completion_tokens"]!);
            Assert.Equal(
                model.Sum(r => decimal.Parse((string)r["cost"]!, System.Globalization.CultureInfo.InvariantCulture)),
                decimal.Parse((string)sum["cost"]!, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task KilledServer_KeepsEveryFinishedRequest()
    {
        var yaml = Configs.Catalog(Configs.Model("chat"));
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var first = await PodvirtProcess.StartAsync(yaml, data);
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            using var response = await first.ChatAsync("chat", stream: false, more: new { max_tokens = 4 });
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            _ = await response.Content.ReadAsByteArrayAsync();
            ids.Add(response.Headers.GetValues("x-request-id").Single());
        }
        first.KillHard();
        await first.WaitForExitAsync(TimeSpan.FromSeconds(10));

        await using var second = await PodvirtProcess.StartAsync(yaml, data);
        var records = await second.RecordsAsync(5);
        Assert.Equal(ids.Order(), records.Select(r => (string)r["id"]!).Order());
    }

    private static async Task<Seen> StreamAsync(PodvirtProcess server, string model, string text, object more, int? cancelAfter)
    {
        using var stream = new SseReader(await server.ChatAsync(model, stream: true, text, more));
        var id = stream.RequestId;
        if (cancelAfter is { } tokens)
        {
            await stream.ReadAsync(s => (long?)s.Usage?["completion_tokens"] >= tokens);
            return new Seen(id, "cancelled", (long)stream.Usage!["prompt_tokens"]!, (long)stream.Usage["completion_tokens"]!);
        }
        await stream.ReadAsync();
        Assert.Equal(model == "steady", stream.IsDone);
        Assert.Equal(model == "dying", stream.Error is not null);
        return new Seen(id, stream.IsDone ? "completed" : "truncated", (long)stream.Usage!["prompt_tokens"]!, (long)stream.Usage["completion_tokens"]!);
    }

    private static async Task<Seen> PlainAsync(PodvirtProcess server, string text)
    {
        using var response = await server.Client.PostAsJsonAsync("v1/embeddings", new { model = "vectors", input = text });
        var usage = (await response.Content.ReadFromJsonAsync<JsonObject>())!["usage"]!;
        return new Seen(response.Headers.GetValues("x-request-id").Single(), "completed", (long)usage["prompt_tokens"]!, (long?)usage["completion_tokens"] ?? 0);
    }

    private sealed record Seen(string Id, string Outcome, long Prompt, long Completion);
}
