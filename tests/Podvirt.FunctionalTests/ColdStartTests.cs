using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>A model from nothing to an answer, to sleep and back.</summary>
public class ColdStartTests
{
    [Fact]
    public async Task StreamOnColdModel_CommentsWhileItWarmsThenTokensThenLedgerRow()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat", more: "--sim-load-weights, 1500ms")));
        Assert.Equal("Cold", await server.StatusAsync("chat"));

        using var stream = new SseReader(await server.ChatAsync("chat", stream: true, more: new { stream_options = new { include_usage = true } }));
        await stream.ReadAsync();

        Assert.True(stream.IsDone);
        Assert.Contains(stream.Comments, c => c.StartsWith(": warming-up", StringComparison.Ordinal));
        Assert.Contains(stream.Comments, c => c.StartsWith(": podvirt replica=", StringComparison.Ordinal));
        Assert.True(stream.Text.Length > 20, stream.Text);
        Assert.True(stream.Chunks.Count > 20);
        Assert.Equal("Active", await server.StatusAsync("chat"));

        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal("completed", (string)record["outcome"]!);
        Assert.Equal((long)stream.Usage!["prompt_tokens"]!, (long)record["prompt_tokens"]!);
        Assert.Equal((long)stream.Usage["completion_tokens"]!, (long)record["completion_tokens"]!);
        var model = await server.ModelAsync("chat");
        Assert.True((long)model["startup_duration_ms"]! >= 1500, model.ToJsonString());
        Assert.Equal("H100", (string)model["gpu"]!["type"]!);
        await Until.TrueAsync(async () => (long)(await server.ModelAsync("chat"))["requests_total"]! == 1, () => "The request was not counted.");
    }

    [Fact]
    public async Task PlainReplyOnColdModel_WaitsAndAnswers()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        using var response = await server.ChatAsync("chat", stream: false);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.NotEmpty(response.Headers.GetValues("x-request-id"));
        Assert.NotEmpty(response.Headers.GetValues("x-podvirt-replica"));
        var reply = await response.Content.ReadFromJsonAsync<JsonObject>();
        Assert.Equal("chat.completion", (string)reply!["object"]!);
        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal(response.Headers.GetValues("x-request-id").Single(), (string)record["id"]!);
        Assert.Equal((long)reply["usage"]!["completion_tokens"]!, (long)record["completion_tokens"]!);
        Assert.True((bool)record["cold_start"]!);
    }

    [Fact]
    public async Task IdleModel_FallsAsleepWakesOnCallAndStopsAtLast()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(
            Configs.Model("chat", idle: "{ sleep_after: 1s, stop_after: 6s }", more: "--sim-load-weights, 2500ms, --sim-sleep, 50ms")));
        using (var first = await server.ChatAsync("chat", stream: false))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        }
        await server.UntilStatusAsync("chat", "Sleeping");

        using (var second = await server.ChatAsync("chat", stream: false))
        {
            Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        }
        var records = await server.RecordsAsync(2);
        Assert.True((long)records[1]["parked_us"]! >= 2_500_000, "The first call waited for the whole start.");
        Assert.True((long)records[0]["parked_us"]! < 2_500_000, $"The second waits only for the wake: {records[0]}\n{server.Output}");
        Assert.Single(server.Engines());

        await server.UntilStatusAsync("chat", "Cold");
        await Until.TrueAsync(() => Task.FromResult(server.Engines().Count == 0), () => "The engine still runs.");
    }

    [Fact]
    public async Task TwoModelsThatDoNotFitTogether_AreBothServed()
    {
        var models = Configs.Catalog(Configs.Model("one", memory: "60GiB"), Configs.Model("two", memory: "60GiB"), Configs.Model("three", memory: "60GiB"));
        await using var server = await PodvirtProcess.StartAsync(models);
        var answers = await Task.WhenAll(new[] { "one", "two", "three" }.Select(async model =>
        {
            using var response = await server.ChatAsync(model, stream: false);
            return response.StatusCode;
        }));
        Assert.All(answers, status => Assert.Equal(HttpStatusCode.OK, status));
        var states = await Task.WhenAll(new[] { "one", "two", "three" }.Select(server.StatusAsync));
        Assert.Contains("Sleeping", states);
    }
}
