using System.Net;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Simulator.Tests.Engines;
using Podvirt.Simulator.Tests.Videos.Mp4;

namespace Podvirt.Simulator.Tests.Videos;

public sealed class VideoJobTests
{
    [Fact]
    public async Task Job_IsQueuedThenRunsThenHasItsFile()
    {
        var time = new FakeTimeProvider();
        await using var engine = await VideoClient.StartAsync(time, "--sim-video-time", "10s");
        var (_, accepted) = await engine.Client.PostFormAsync(VideoClient.Videos, [("prompt", "a fox"), ("model", "m"), .. VideoClient.Small]);
        var id = (string)accepted["id"]!;
        var created = time.GetUtcNow().ToUnixTimeSeconds();
        Assert.Equal(
            $$$"""{"model":"m","prompt":"a fox","id":"{{{id}}}","object":"video","status":"queued","size":"64x48","progress":0,"seconds":"1","quality":"default","completed_at":null,"created_at":{{{created}}},"remixed_from_video_id":null,"error":null,"media_type":"video/mp4","expires_at":null,"file_name":null,"inference_time_s":null,"stage_durations":{},"peak_memory_mb":0}""",
            accepted.ToJsonString());
        Assert.StartsWith("video_gen_", id, StringComparison.Ordinal);

        await engine.Client.UntilJobAsync(id, "in_progress");
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(30, (int)(await engine.Client.JobAsync(id)).Body["progress"]!);
        using (var early = await engine.Client.ContentAsync(id))
        {
            Assert.Equal(HttpStatusCode.NotFound, early.StatusCode);
        }

        await PassAsync(engine, time, id);
        var job = (await engine.Client.JobAsync(id)).Body;
        Assert.Equal((100, $"{id}.mp4"), ((int)job["progress"]!, (string)job["file_name"]!));
        Assert.Equal(time.GetUtcNow().ToUnixTimeSeconds(), (long)job["completed_at"]!);
        using var content = await engine.Client.ContentAsync(id);
        Assert.Equal(("video/mp4", $"attachment; filename=\"{id}.mp4\""), (content.Content.Headers.ContentType!.ToString(), content.Content.Headers.ContentDisposition!.ToString()));
        Assert.Equal(4, new Mp4Reader(await content.Content.ReadAsByteArrayAsync()).Samples().Count);
    }

    [Fact]
    public async Task Range_IsThatPartOfTheFile()
    {
        await using var engine = await VideoClient.StartAsync();
        var id = await engine.Client.CreateAsync();
        await engine.Client.UntilJobAsync(id, "completed");
        var whole = await engine.Client.Http.GetByteArrayAsync($"{VideoClient.Videos}/{id}/content");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{VideoClient.Videos}/{id}/content") { Headers = { Range = new(10, 19) } };
        using var part = await engine.Client.Http.SendAsync(request);
        Assert.Equal((HttpStatusCode.PartialContent, $"bytes 10-19/{whole.Length}"), (part.StatusCode, part.Content.Headers.ContentRange!.ToString()));
        Assert.Equal(whole[10..20], await part.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Jobs_RunAsManyAtATimeAsTheOptionSays(int atOnce)
    {
        await using var engine = await VideoClient.StartAsync("--sim-fault", "hang-video", "--sim-videos-at-once", $"{atOnce}");
        var ids = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add(await engine.Client.CreateAsync());
        }

        await engine.Client.UntilAsync("running", $"{atOnce}");
        await engine.Client.UntilAsync("queued", $"{4 - atOnce}");
        var jobs = await Task.WhenAll(ids.Select(engine.Client.JobAsync));
        Assert.Equal([.. Enumerable.Repeat("in_progress", atOnce), .. Enumerable.Repeat("queued", 4 - atOnce)], jobs.Select(job => (string)job.Body["status"]!));
        var metrics = await engine.Client.Http.GetStringAsync("/metrics");
        Assert.Contains($"vllm:num_requests_waiting{{engine=\"0\",model_name=\"m\"}} {4 - atOnce}.0", metrics, StringComparison.Ordinal);
        // The next one's turn comes with the end of the first.
        await engine.Client.DeleteAsync(ids[0]);
        await engine.Client.UntilJobAsync(ids[atOnce], "in_progress");
    }

    [Fact]
    public async Task Pages_FollowEachOtherInBothOrders()
    {
        var time = new FakeTimeProvider();
        await using var engine = await VideoClient.StartAsync(time, "--sim-video-time", "0");
        var ids = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add(await engine.Client.CreateAsync());
            // Two in the same second.
            time.Advance(TimeSpan.FromSeconds(i == 1 ? 0 : 1));
        }

        var (a, b, c, d) = (ids[0], ids[1], ids[2], ids[3]);
        Assert.Equal([d, b, c, a], await engine.Client.ListAsync());
        Assert.Equal([a, b, c, d], await engine.Client.ListAsync("?order=asc"));
        Assert.Equal([d, b], await engine.Client.ListAsync("?limit=2"));
        Assert.Equal([c, a], await engine.Client.ListAsync($"?limit=2&after={b}"));
        Assert.Equal([d], await engine.Client.ListAsync($"?order=asc&after={c}"));
        Assert.Empty(await engine.Client.ListAsync("?after=video_gen_other"));
        var page = await engine.Client.GetAsync("/v1/videos?order=asc&limit=3");
        Assert.Equal((a, c, true, "list"), ((string)page["first_id"]!, (string)page["last_id"]!, (bool)page["has_more"]!, (string)page["object"]!));
        Assert.False((bool)(await engine.Client.GetAsync("/v1/videos?limit=4"))["has_more"]!);
        var none = await engine.Client.GetAsync("/v1/videos?limit=0");
        Assert.Equal("""{"first_id":null,"last_id":null,"has_more":true,"data":[],"object":"list"}""", none.ToJsonString());
        foreach (var query in new[] { "?limit=101", "?limit=-1", "?limit=x", "?order=newest" })
        {
            using var refused = await engine.Client.Http.GetAsync("/v1/videos" + query);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Deleted_IsGoneWhetherItRanWaitedOrWasDone()
    {
        await using var engine = await VideoClient.StartAsync();
        var done = await engine.Client.CreateAsync();
        await engine.Client.UntilJobAsync(done, "completed");
        await engine.Client.PostAsync("/sim/faults", """{"name":"hang-video"}""");
        var running = await engine.Client.CreateAsync();
        var waiting = await engine.Client.CreateAsync();
        foreach (var id in new[] { done, waiting, running })
        {
            var (status, body) = await engine.Client.DeleteAsync(id);
            Assert.Equal((HttpStatusCode.OK, $$"""{"id":"{{id}}","deleted":true,"object":"video.deleted"}"""), (status, body.ToJsonString()));
            Assert.Equal(HttpStatusCode.NotFound, (await engine.Client.JobAsync(id)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await engine.Client.ContentAsync(id)).StatusCode);
            Assert.Equal((HttpStatusCode.NotFound, "Video not found"), await RefusedAsync(engine.Client.DeleteAsync(id)));
        }

        Assert.Empty(await engine.Client.ListAsync());
        await engine.Client.UntilAsync("running", "0");
    }

    [Fact]
    public async Task DeafJob_CannotBeDeletedWithinTwoSeconds()
    {
        var time = new FakeTimeProvider();
        await using var engine = await VideoClient.StartAsync(time, "--sim-video-time", "0", "--sim-fault", "hang-video=deaf");
        var id = await engine.Client.CreateAsync();
        await engine.Client.UntilJobAsync(id, "in_progress");
        var deleting = RefusedAsync(engine.Client.DeleteAsync(id));
        await EngineClient.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(500));
            return Task.FromResult(deleting.IsCompleted);
        }, "the deletion is given up");
        Assert.Equal((HttpStatusCode.Conflict, "Cancellation in progress. Please try again later."), await deleting);
        Assert.Equal("in_progress", (string)(await engine.Client.JobAsync(id)).Body["status"]!);
    }

    [Theory]
    [InlineData("1920x1080", "99999999999999999999", "24", "CUDA out of memory.")]
    [InlineData("2x2", "99999999", "1", "CUDA out of memory.")]
    [InlineData("99999999999x2", "1", "24", "CUDA out of memory.")]
    [InlineData("64x48", "1", "1001", "The encoder does not support 1001 frames per second.")]
    public async Task VideoThatCannotBeMade_FailsItsJob(string size, string seconds, string framesPerSecond, string message)
    {
        await using var engine = await VideoClient.StartAsync("--sim-video-time", "1m");
        var (_, body) = await engine.Client.PostFormAsync(
            VideoClient.Videos, [("prompt", "x"), ("size", size), ("seconds", seconds), ("fps", framesPerSecond)]);
        await engine.Client.UntilJobAsync((string)body["id"]!, "failed");
        Assert.Equal(message, VideoClient.Message((await engine.Client.JobAsync((string)body["id"]!)).Body));
    }

    private static async Task<(HttpStatusCode, string)> RefusedAsync(Task<(HttpStatusCode Status, System.Text.Json.Nodes.JsonNode Body)> call)
    {
        var (status, body) = await call;
        return (status, VideoClient.Message(body));
    }

    private static Task PassAsync(InProcessEngine engine, FakeTimeProvider time, string id) => EngineClient.UntilAsync(async () =>
    {
        time.Advance(TimeSpan.FromSeconds(1));
        return (string?)(await engine.Client.JobAsync(id)).Body["status"] == "completed";
    }, "the job is completed");
}
