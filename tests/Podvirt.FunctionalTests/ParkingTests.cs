using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
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
        await Until.TrueAsync(() => Task.FromResult(server.Engines().Count > 0), () => "no engine was started");
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
    public async Task SomeClientsLeaveWhileParked_TheOthersAreServedAndNothingIsLeft()
    {
        const int Calls = 400;
        const int Leaving = 100;
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(
            Configs.Model("chat", replicas: "{ max: 1, concurrency: 8 }", more: "--sim-load-weights, 3s, --sim-ttft, 5ms, --sim-token-time, 1ms")));
        var keys = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => NewKeyAsync(server, $"key {number}")));
        using var leave = new CancellationTokenSource();
        var calls = Enumerable.Range(0, Calls).Select(number => CallAsync(server, keys[number % keys.Length], number, number < Leaving ? leave.Token : default)).ToList();
        await Until.TrueAsync(async () => (long)(await server.ModelAsync("chat"))["waiting"]! == Calls, () => "not all were parked");
        await leave.CancelAsync();
        var ids = await Task.WhenAll(calls);

        Assert.All(ids.Take(Leaving), Assert.Null);
        var served = ids.Skip(Leaving).ToList();
        var records = await server.RecordsAsync(Calls);
        Assert.Equal(Calls, records.Count);
        Assert.Equal(served.Order(), records.Where(r => (string)r["outcome"]! == "completed").Select(r => (string?)r["id"]).Order());
        Assert.Equal(Leaving, records.Count(r => ((string)r["outcome"]!, (long)r["completion_tokens"]!) == ("cancelled", 0)));
        Assert.Equal(4, records.Select(r => (string)r["key"]!).Distinct().Count());
        await Until.TrueAsync(
            async () =>
            {
                var metrics = await server.Admin.GetStringAsync("metrics");
                return (Metric(metrics, "podvirt_requests_parked{"), Metric(metrics, "podvirt_requests_parked_bytes"), Metric(metrics, "podvirt_requests_running")) == (0, 0, 0)
                    && (Ends(metrics, "granted"), Ends(metrics, "client_gone")) == (Calls - Leaving, Leaving);
            },
            () => "Something is left of requests that are over.");
    }

    private static double Ends(string metrics, string end) => Metric(metrics, "podvirt_parking_ends", $"end=\"{end}\"");

    private static double Metric(string metrics, string name, string label = "") =>
        double.Parse(metrics.Split('\n').Single(l => l.StartsWith(name, StringComparison.Ordinal) && l.Contains(label, StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);

    private static async Task<string> NewKeyAsync(PodvirtProcess server, string name)
    {
        using var response = await server.Admin.PostAsJsonAsync("api/keys", new { name });
        return (string)(await response.Content.ReadFromJsonAsync<JsonObject>())!["secret"]!;
    }

    // The id of an answer that came whole; null where the client left.
    private static async Task<string?> CallAsync(PodvirtProcess server, string key, int number, CancellationToken leave)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "chat", stream = number % 2 == 0, max_tokens = 5, messages = new[] { new { role = "user", content = $"Question {number}" } } }),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) },
        };
        try
        {
            using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseContentRead, leave);
            var text = await response.Content.ReadAsStringAsync(CancellationToken.None);
            Assert.True(response.StatusCode == HttpStatusCode.OK, text);
            Assert.Contains(number % 2 == 0 ? "data: [DONE]" : "\"completion_tokens\":5", text, StringComparison.Ordinal);
            return response.Headers.GetValues("x-request-id").Single();
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested)
        {
            return null;
        }
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
