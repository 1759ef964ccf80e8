using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>More models than two gpus hold, called in no order: everybody is served, by starting, sleeping, waking and giving way.</summary>
public class EightModelsTests(ITestOutputHelper output)
{
    private const int Requests = 160;

    private static readonly TimeSpan s_arrivals = TimeSpan.FromSeconds(12);

    // 270 GiB wanted, 160 GiB there: the largest leaves room beside it only for the smallest.
    private static readonly (string Id, int Gib)[] s_models =
        [("m0", 24), ("m1", 60), ("m2", 40), ("vectors", 8), ("m4", 72), ("m5", 30), ("m6", 20), ("m7", 16)];

    [Fact]
    public async Task MixedLoadOnTwoGpus_EveryRequestIsServed()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var plan = Enumerable.Range(0, Requests)
            .Select(number => (Number: number, At: s_arrivals * random.NextDouble(), Model: Popular(random))).ToList();
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog([.. s_models.Select(model => Configs.Model(
            model.Id, model.Id == "vectors" ? "embedding" : "chat", $"{model.Gib}GiB", more: "--sim-load-weights, 200ms, --sim-sleep, 100ms, --sim-wake-level1, 150ms"))]));
        var watch = Stopwatch.StartNew();

        await Task.WhenAll(plan.Select(async request =>
        {
            await Task.Delay(request.At);
            await ServeAsync(server, request.Number, s_models[request.Model].Id);
        }));

        output.WriteLine($"all served after {watch.Elapsed.TotalSeconds:0.0} s");
        Assert.DoesNotContain(" broke while ", server.Output, StringComparison.Ordinal);
        var records = await server.RecordsAsync(Requests);
        Assert.All(records, record => Assert.Equal("completed", (string)record["outcome"]!));
        Assert.Equal(
            plan.GroupBy(request => s_models[request.Model].Id).Select(group => (group.Key, group.Count())).Order(),
            records.GroupBy(record => (string)record["model"]!).Select(group => (group.Key, group.Count())).Order());
        await Until.TrueAsync(
            () => Task.FromResult(server.Engines().Count <= s_models.Length), () => $"{server.Engines().Count} engines for {s_models.Length} models.\n{server.Output}");
    }

    private static async Task ServeAsync(PodvirtProcess server, int number, string model)
    {
        if (model == "vectors")
        {
            using var vectors = await server.Client.PostAsJsonAsync("v1/embeddings", new { model, input = $"Note {number}" });
            Assert.True(vectors.StatusCode == HttpStatusCode.OK, $"{model}: {vectors.StatusCode} {await vectors.Content.ReadAsStringAsync()}\n{server.Output}");
            return;
        }
        var isStream = number % 3 != 0;
        using var response = await server.ChatAsync(model, isStream, $"Question {number}", new { max_tokens = 5 + (number % 60) });
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{model}: {response.StatusCode}\n{server.Output}");
        if (isStream)
        {
            using var stream = new SseReader(response);
            Assert.True((await stream.ReadAsync()).IsDone, $"{model}: {stream.Error}\n{server.Output}");
        }
        else
        {
            Assert.Contains("\"usage\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    /// <summary>The first model is called eight times as often as the last one.</summary>
    private static int Popular(Random random)
    {
        var total = Enumerable.Range(1, s_models.Length).Sum(rank => 1.0 / rank);
        var at = random.NextDouble() * total;
        var model = 0;
        while (model < s_models.Length - 1 && (at -= 1.0 / (model + 1)) > 0)
        {
            model++;
        }
        return model;
    }
}
