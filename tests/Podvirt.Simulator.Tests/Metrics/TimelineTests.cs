using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Metrics;

public sealed class TimelineTests
{
    [Fact]
    public async Task Requests_AreListedWithTheirTimes_OnTheClockOfAllProcesses()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-wake-level1", "30ms");
        var before = TimeProvider.System.GetTimestamp();
        await engine.Client.SendAsync("/sleep");
        await engine.Client.SendAsync("/wake_up");
        await engine.Client.ChatAsync("hi");
        JsonArray requests = [];
        // A reply is out a moment before its request has ended.
        await EngineClient.UntilAsync(
            async () => (requests = (await engine.Client.GetAsync("/sim/timeline"))["requests"]!.AsArray()).Count == 3, "three requests");

        Assert.Equal(["/sleep", "/wake_up", "/v1/chat/completions"], requests.Select(request => (string)request!["path"]!));
        var times = requests.SelectMany(request => new[] { (long)request!["began_ns"]!, (long)request["ended_ns"]! }).ToList();
        Assert.Equal(times.Order(), times);
        Assert.True(times[0] >= before && times[^1] <= TimeProvider.System.GetTimestamp());
        // Timers count by a coarser clock, and may end a tick or two early.
        Assert.True(times[3] - times[2] >= 25_000_000, "the wake took its time");
    }
}
