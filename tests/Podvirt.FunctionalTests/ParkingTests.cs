using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

public class ParkingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ThousandRequestsOnColdModel_StartOneReplicaAndAllAreAnsweredOnce(int replicasMax)
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(
            Configs.Model("chat", replicas: $"{{ max: {replicasMax}, concurrency: 64 }}", more: "--sim-load-weights, 2s, --sim-token-time, 1ms")));
        var calls = Enumerable.Range(0, 1000).Select(async number =>
        {
            using var response = await server.ChatAsync("chat", stream: number % 2 == 0, $"Question {number}", new { max_tokens = 5 });
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            if (number % 2 == 0)
            {
                using var stream = new SseReader(response);
                Assert.True((await stream.ReadAsync()).IsDone);
            }
            else
            {
                Assert.NotNull((await response.Content.ReadFromJsonAsync<JsonObject>())!["usage"]);
            }
            return response.Headers.GetValues("x-request-id").Single();
        }).ToList();

        await Until.TrueAsync(async () => (long)(await server.ModelAsync("chat"))["waiting"]! == 1000, () => "not all were parked");
        Assert.Single(server.Engines());
        var ids = await Task.WhenAll(calls);

        Assert.Equal(1000, ids.Distinct().Count());
        Assert.InRange(server.Engines().Count, 1, replicasMax);
        var records = await server.RecordsAsync(1000);
        Assert.Equal(1000, records.Count);
        Assert.Equal(ids.Order(), records.Select(r => (string)r["id"]!).Order());
        Assert.All(records, r => Assert.Equal("completed", (string)r["outcome"]!));
        Assert.All(records, r => Assert.Equal(5, (long)r["completion_tokens"]!));
    }

    [Fact]
    public async Task FullQueue_AnswersTooManyRequestsWithRetryAfter()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.WithLimits(
            Configs.Catalog(Configs.Model("chat", more: "--sim-load-weights, 3s")), "parked_requests: 2"));
        var held = new[] { server.ChatAsync("chat", stream: false), server.ChatAsync("chat", stream: false) };
        await Until.TrueAsync(async () => (long)(await server.ModelAsync("chat"))["waiting"]! == 2, () => "two were to be parked");

        using var third = await server.ChatAsync("chat", stream: false);
        Assert.Equal(HttpStatusCode.TooManyRequests, third.StatusCode);
        Assert.NotNull(third.Headers.RetryAfter);
        var error = (await third.Content.ReadFromJsonAsync<JsonObject>())!["error"]!;
        Assert.Equal("rate_limit_exceeded", (string)error["code"]!);
        foreach (var response in await Task.WhenAll(held))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            response.Dispose();
        }
    }

    [Fact]
    public async Task MaxWaitOfNothing_AnswersAtOnceAndWarmsTheModel()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "chat", messages = new[] { new { role = "user", content = "hi" } } }),
            Headers = { { "X-Podvirt-Max-Wait", "0" } },
        };
        using var response = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("model_warming_timeout", (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["code"]!);
        await server.UntilStatusAsync("chat", "Active");
    }

    [Fact]
    public async Task EngineThatCannotStart_SaysWhyAndWhen()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(
            Configs.Model("broken", more: "--sim-fault, fail-start"), Configs.Model("huge", memory: "200GiB")));
        using var broken = await server.ChatAsync("broken", stream: false);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, broken.StatusCode);
        Assert.NotNull(broken.Headers.RetryAfter);
        Assert.Equal("model_start_failed", (string)(await broken.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["code"]!);
        Assert.Equal("Failed", await server.StatusAsync("broken"));
        Assert.NotEqual("", await server.Admin.GetStringAsync("api/logs/broken"));

        using var huge = await server.ChatAsync("huge", stream: false);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, huge.StatusCode);
        var error = (await huge.Content.ReadFromJsonAsync<JsonObject>())!["error"]!;
        Assert.Equal("model_unschedulable", (string)error["code"]!);
        Assert.Contains("200 GiB", (string)error["message"]!, StringComparison.Ordinal);
    }
}
