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

        var served = Task.WhenAll(plan.Select(async request =>
        {
            await Task.Delay(request.At);
            await ServeAsync(server, request.Number, s_models[request.Model].Id);
        }));
        var pictures = await WatchAsync(server, served);
        await served;

        output.WriteLine($"all served after {watch.Elapsed.TotalSeconds:0.0} s; podvirt top half-way:\n{pictures[pictures.Count / 2]}");
        CheckPictures(pictures);
        Assert.DoesNotContain(" broke while ", server.Output, StringComparison.Ordinal);
        var records = await server.RecordsAsync(Requests);
        Assert.All(records, record => Assert.Equal("completed", (string)record["outcome"]!));
        Assert.Equal(
            plan.GroupBy(request => s_models[request.Model].Id).Select(group => (group.Key, group.Count())).Order(),
            records.GroupBy(record => (string)record["model"]!).Select(group => (group.Key, group.Count())).Order());
        await Until.TrueAsync(
            () => Task.FromResult(server.Engines().Count <= s_models.Length), () => $"{server.Engines().Count} engines for {s_models.Length} models.\n{server.Output}");
    }

    /// <summary>What <c>podvirt top</c> shows until all are served.</summary>
    private static async Task<List<string>> WatchAsync(PodvirtProcess server, Task served)
    {
        var pictures = new List<string>();
        do
        {
            var top = await Tool.RunAsync(
                PodvirtProcess.Executable, ["top", "--once", "--data", server.Data],
                new Dictionary<string, string>(StringComparer.Ordinal) { ["PODVIRT_ADMIN_TOKEN"] = PodvirtProcess.AdminToken });
            Assert.True(top.ExitCode == 0, top.ToString());
            pictures.Add(top.Output);
        }
        while (await Task.WhenAny(served, Task.Delay(TimeSpan.FromSeconds(1))) != served);
        return pictures;
    }

    private static void CheckPictures(List<string> pictures)
    {
        Assert.All(pictures, picture =>
        {
            Assert.StartsWith("8 models: ", picture, StringComparison.Ordinal);
            Assert.All(s_models, model => Assert.Contains($"\n{model.Id} ", picture, StringComparison.Ordinal));
            Assert.All((string[])["SIM-0 H100", "SIM-1 H100"], gpu => Assert.Contains(gpu, picture, StringComparison.Ordinal));
        });
        foreach (var seen in (string[])["█", "▒", " Active ", " Sleeping ", " Warming Up: "])
        {
            Assert.Contains(pictures, picture => picture.Contains(seen, StringComparison.Ordinal));
        }
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
