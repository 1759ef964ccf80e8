using System.Net;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Videos;

public sealed class VideoSleepTests
{
    private const string Sleep = "/v1/omni/sleep";
    private const string Level1 = """{"stage_ids":[0],"level":1}""";

    [Fact]
    public async Task SleepDuringAJob_WaitsForItAndLeavesTheNextOneQueued()
    {
        var time = new FakeTimeProvider();
        await using var engine = await VideoClient.StartAsync(time, "--sim-video-time", "10s");
        var running = await engine.Client.CreateAsync();
        var waiting = await engine.Client.CreateAsync();
        await engine.Client.UntilJobAsync(running, "in_progress");
        var sleep = engine.Client.SendAsync(Sleep, Level1);
        await EngineClient.UntilAsync(async () =>
        {
            Assert.False(sleep.IsCompleted && (string?)(await engine.Client.JobAsync(running)).Body["status"] != "completed");
            time.Advance(TimeSpan.FromSeconds(1));
            return sleep.IsCompleted;
        }, "the engine sleeps");
        Assert.Equal(HttpStatusCode.OK, (await sleep).Status);
        Assert.Equal("1", await engine.Client.StateAsync("sleep_level"));
        // Its file is still there, and the other job waits for the wake.
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.ContentAsync(running)).StatusCode);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("queued", (string)(await engine.Client.JobAsync(waiting)).Body["status"]!);
        await engine.Client.SendAsync("/v1/omni/wakeup", """{"stage_ids":[0]}""");
        await engine.Client.UntilJobAsync(waiting, "in_progress");
    }

    [Fact]
    public async Task SleepThatIsGivenUp_LetsJobsRunOn()
    {
        await using var engine = await VideoClient.StartAsync("--sim-fault", "hang-video", "--sim-videos-at-once", "2");
        await engine.Client.UntilJobAsync(await engine.Client.CreateAsync(), "in_progress");
        using var left = new CancellationTokenSource();
        var sleep = engine.Client.PostAsync(Sleep, Level1, left.Token);
        // Once the sleep has begun, nothing new begins.
        var waiting = "";
        await EngineClient.UntilAsync(async () =>
        {
            waiting = await engine.Client.CreateAsync();
            if (await engine.Client.StateAsync("queued") == "1")
            {
                return true;
            }

            await engine.Client.DeleteAsync(waiting);
            return false;
        }, "a job has to wait");
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleep);
        await engine.Client.UntilJobAsync(waiting, "in_progress");
        Assert.Equal("0", await engine.Client.StateAsync("sleep_level"));
    }
}
