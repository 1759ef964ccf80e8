using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests;

/// <summary>Video jobs on a real engine process, and what is left of them when processes are killed.</summary>
public sealed class VideoTests
{
    private const string Catalog = $$"""
        gpus:
          simulated: { count: 1, type: H100, memory: 80GiB }
        models:
          - id: film
            type: video-generation
            engine: { kind: simulated, model: tests/film, args: [{{Configs.Quick}}, --sim-video-time, TIME] }
            gpu: { count: 1, memory: 20GiB }
            replicas: { max: 1, concurrency: 2 }
            price: { video_second: 0.25 }
        videos: { poll_interval: 50ms, rejoin_wait: 10s }
        """;

    [Fact]
    public async Task ColdModel_MakesAVideo_ThatIsKeptAndBilled()
    {
        await using var podvirt = await PodvirtProcess.StartAsync(YamlOf("50ms"));

        var job = await CreateAsync(podvirt, "2");
        var done = await UntilAsync(podvirt, job, "completed");

        var details = done["podvirt"]!;
        Assert.Equal(("2.000000", "0.500000000000", true), ((string)details["video_seconds"]!, (string)details["cost"]!, (bool)details["cold_start"]!));
        var record = Assert.Single(await podvirt.RecordsAsync(1, "film"));
        Assert.Equal(("videos", "completed", "0.500000000000", 2_000_000L), (
            (string)record["surface"]!, (string)record["outcome"]!, (string)record["cost"]!, (long)record["video_us"]!));

        var video = await podvirt.Client.GetByteArrayAsync($"v1/videos/{job}/content");
        Assert.Equal("ftyp", Encoding.ASCII.GetString(video, 4, 4));
        Assert.Equal((long)details["file_bytes"]!, video.Length);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/videos/{job}/content") { Headers = { Range = new RangeHeaderValue(4, 7) } };
        using var part = await podvirt.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal("ftyp", await part.Content.ReadAsStringAsync());

        var metrics = await podvirt.Client.GetStringAsync("metrics");
        Assert.Contains("podvirt_videos_jobs{state=\"completed\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains($"podvirt_videos_bytes{{place=\"store\"}} {video.Length}", metrics, StringComparison.Ordinal);

        // The engine goes; what it made stays.
        foreach (var engine in podvirt.Engines())
        {
            Process.GetProcessById(engine).Kill();
        }
        Assert.Equal(video, await podvirt.Client.GetByteArrayAsync($"v1/videos/{job}/content"));
        using var deleted = await podvirt.Client.DeleteAsync($"v1/videos/{job}");
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        await Until.TrueAsync(() => Task.FromResult(!Directory.EnumerateFiles(Path.Combine(podvirt.Data, "videos", "files")).Any()), () => "the file is still there");
    }

    [Fact]
    public async Task EngineKilledAtItsJob_HasItMadeByTheNext()
    {
        await using var podvirt = await PodvirtProcess.StartAsync(YamlOf("2s"));
        var job = await CreateAsync(podvirt, "2");
        await UntilAsync(podvirt, job, "in_progress");
        await UntilAtEngineAsync(podvirt, job);

        Process.GetProcessById(Assert.Single(podvirt.Engines())).Kill();

        var done = await UntilAsync(podvirt, job, "completed");
        Assert.Equal(2, (int)done["podvirt"]!["attempts"]!);
        Assert.Equal("completed", (string)Assert.Single(await podvirt.RecordsAsync(1, "film"))["outcome"]!);
    }

    [Fact]
    public async Task ServerKilledAtAJob_GoesOnWithIt_AtTheEngineThatLivesOn()
    {
        var first = await PodvirtProcess.StartAsync(YamlOf("3s"));
        var job = await CreateAsync(first, "2");
        await UntilAsync(first, job, "in_progress");
        await UntilAtEngineAsync(first, job);

        await first.KillAsync();
        await using var second = await PodvirtProcess.StartAsync(YamlOf("3s"), first.Data);

        var done = await UntilAsync(second, job, "completed");
        Assert.Equal(1, (int)done["podvirt"]!["attempts"]!);
        Assert.NotEmpty(await second.Client.GetByteArrayAsync($"v1/videos/{job}/content"));
        var record = Assert.Single(await second.RecordsAsync(1, "film"));
        Assert.Equal(("completed", 2_000_000L), ((string)record["outcome"]!, (long)record["video_us"]!));
    }

    [Fact]
    public async Task ServerAndEngineKilledAtAJob_HaveItMadeAgain_FromTheSpool()
    {
        var first = await PodvirtProcess.StartAsync(YamlOf("2s"));
        var job = await CreateAsync(first, "2");
        await UntilAsync(first, job, "in_progress");
        await UntilAtEngineAsync(first, job);
        var engine = Assert.Single(first.Engines());

        await first.KillAsync();
        Process.GetProcessById(engine).Kill();
        await using var second = await PodvirtProcess.StartAsync(YamlOf("2s"), first.Data);

        var done = await UntilAsync(second, job, "completed");
        Assert.Equal(2, (int)done["podvirt"]!["attempts"]!);
        Assert.Equal(2_000_000L, (long)Assert.Single(await second.RecordsAsync(1, "film"))["video_us"]!);
    }

    private static string YamlOf(string secondTime) => Catalog.Replace("TIME", secondTime, StringComparison.Ordinal);

    private static async Task<string> CreateAsync(PodvirtProcess podvirt, string seconds)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("a lighthouse in a storm"), "prompt" },
            { new StringContent(seconds), "seconds" },
            { new StringContent("64x48"), "size" },
            { new StringContent("film"), "model" },
        };
        using var response = await podvirt.Client.PostAsync("v1/videos", form);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return (string)JsonNode.Parse(text)!["id"]!;
    }

    private static async Task<JsonObject> UntilAsync(PodvirtProcess podvirt, string job, string status)
    {
        JsonObject? seen = null;
        await Until.TrueAsync(
            async () =>
            {
                seen = await podvirt.Client.GetFromJsonAsync<JsonObject>($"v1/videos/{job}");
                return (string)seen!["status"]! == status;
            },
            () => $"{job} never was {status}: {seen}\n{podvirt.Output}");
        return seen!;
    }

    // The engine's own id of it is durable: what is killed from here on finds it again.
    private static Task UntilAtEngineAsync(PodvirtProcess podvirt, string job)
    {
        JsonObject? seen = null;
        return Until.TrueAsync(
            async () =>
            {
                seen = await podvirt.Client.GetFromJsonAsync<JsonObject>($"v1/videos/{job}");
                return (int)seen!["progress"]! > 0;
            },
            () => string.Create(CultureInfo.InvariantCulture, $"{job} never got on: {seen}\n{podvirt.Output}"));
    }
}
