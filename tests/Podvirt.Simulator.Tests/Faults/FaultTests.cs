using System.Net;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Faults;

public sealed class FaultTests
{
    [Fact]
    public async Task DieAfterTokens_KillsTheProcessMidStream()
    {
        await using var engine = await EngineProcess.Start("--sim-fault", "die-after-tokens=5").HealthyAsync();
        using var stream = await engine.Client.ChatStreamAsync("hello", ",\"temperature\":0");
        var frames = 0;
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await stream.NextAsync() is not null)
            {
                frames++;
            }
        });
        Assert.InRange(frames, 1, 6);
        Assert.NotEqual(0, await engine.ExitAsync());
    }

    [Fact]
    public async Task HangAfterTokens_StallsAndStillNoticesTheClientLeaving()
    {
        await using var engine = await InProcessEngine.StartAsync();
        await AddAsync(engine, """{"name":"hang-after-tokens","arg":2}""");
        var stream = await engine.Client.ChatStreamAsync("hello");
        for (var i = 0; i < 3; i++)
        {
            Assert.NotNull(await stream.NextAsync());
        }

        var next = stream.NextAsync();
        await engine.Client.UntilAsync("tokens_generated", "2");
        Assert.False(next.IsCompleted);
        stream.Dispose();
        await engine.Client.UntilAsync("running", "0");
    }

    [Fact]
    public async Task Hang_NeverAnswersInferenceAndStaysHealthy()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "hang");
        using var left = new CancellationTokenSource();
        var hanging = engine.Client.PostAsync("/v1/chat/completions", EngineClient.Chat("hi"), left.Token);
        Assert.Equal("", await engine.Client.Http.GetStringAsync("/health"));
        Assert.False(hanging.IsCompleted);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
    }

    [Fact]
    public async Task Refuse_ClosesTheConnectionOrAnswers503()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "refuse");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => engine.Client.Http.GetStringAsync("/health"));
        await engine.Client.Http.DeleteAsync("/sim/faults");
        await AddAsync(engine, """{"name":"refuse","arg":"503","times":1}""");
        using var refused = await engine.Client.Http.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        using var fine = await engine.Client.Http.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, fine.StatusCode);
    }

    [Fact]
    public async Task MalformedFrame_IsOneFrameAndTheStreamGoesOn()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "malformed-frame");
        using var stream = await engine.Client.ChatStreamAsync("hello", ",\"max_tokens\":10");
        var frames = await stream.RestAsync();
        Assert.Single(frames, frame => frame.Contains(",,", StringComparison.Ordinal));
        Assert.Equal("[DONE]", frames[^1]);
        Assert.Equal(13, frames.Count);
    }

    [Fact]
    public async Task ErrorMidStream_IsAnErrorFrameThenTheEndMarker()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "error-mid-stream");
        using var stream = await engine.Client.ChatStreamAsync("hello");
        var frames = await stream.RestAsync();
        Assert.Equal(6, frames.Count);
        Assert.StartsWith("{\"error\":{\"message\":", frames[^2], StringComparison.Ordinal);
        Assert.EndsWith("\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}", frames[^2], StringComparison.Ordinal);
        Assert.Equal("[DONE]", frames[^1]);
        Assert.Equal(HttpStatusCode.InternalServerError, (await engine.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hi"))).Status);
    }

    [Fact]
    public async Task CutStream_EndsInTheMiddleOfAFrame()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "cut-stream");
        using var stream = await engine.Client.ChatStreamAsync("hello");
        for (var i = 0; i < 4; i++)
        {
            Assert.StartsWith("{\"id\":", await stream.NextAsync(), StringComparison.Ordinal);
        }

        await Assert.ThrowsAnyAsync<IOException>(stream.RestAsync);
        await engine.Client.UntilAsync("aborted", "1");
    }

    [Fact]
    public async Task ErrorStatus_HitsAsOftenAsItWasTold()
    {
        await using var engine = await InProcessEngine.StartAsync();
        await AddAsync(engine, """{"name":"error-status","arg":500,"times":2}""");
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await engine.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hi"))).Status);
        }

        await engine.Client.ChatAsync("hi");
        Assert.Equal("""{"faults":[]}""", await engine.Client.Http.GetStringAsync("/sim/faults"));
    }

    [Fact]
    public async Task NoUsage_LeavesItOutEverywhere()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "no-usage");
        using var stream = await engine.Client.ChatStreamAsync("hello", ",\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}");
        Assert.All(await stream.RestAsync(), frame => Assert.DoesNotContain("usage", frame, StringComparison.Ordinal));
        Assert.Null((await engine.Client.ChatAsync("hi"))["usage"]);
    }

    [Fact]
    public async Task FailWake_StaysAsleepOnce()
    {
        await using var engine = await InProcessEngine.StartAsync();
        await AddAsync(engine, """{"name":"fail-wake","times":1}""");
        await engine.Client.SendAsync("/sleep");
        Assert.Equal(HttpStatusCode.InternalServerError, (await engine.Client.SendAsync("/wake_up")).Status);
        Assert.Equal("""{"is_sleeping":true}""", await engine.Client.Http.GetStringAsync("/is_sleeping"));
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.SendAsync("/wake_up")).Status);
    }

    [Fact]
    public async Task FailSleep_Is500AndTheEngineStaysAwake()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "fail-sleep");
        Assert.Equal(HttpStatusCode.InternalServerError, (await engine.Client.SendAsync("/sleep")).Status);
        Assert.Equal("""{"is_sleeping":false}""", await engine.Client.Http.GetStringAsync("/is_sleeping"));
        await engine.Client.ChatAsync("hi");
    }

    [Fact]
    public async Task LeakWake_Is500AndKeepsTheMemoryThatItTook()
    {
        var directory = Directory.CreateTempSubdirectory("podvirt-gpu").FullName;
        await using (var engine = await InProcessEngine.StartAsync(
            "--sim-gpu-dir", directory, "--sim-gpu-memory", "100", "--sim-gpu-asleep", "10", "--sim-fault", "leak-wake"))
        {
            await engine.Client.SendAsync("/sleep");
            Assert.Equal("10", await engine.Client.StateAsync("gpu_bytes_held"));
            Assert.Equal(HttpStatusCode.InternalServerError, (await engine.Client.SendAsync("/wake_up")).Status);
            Assert.Equal("90", await engine.Client.StateAsync("gpu_bytes_held"));
            Assert.Equal("""{"is_sleeping":true}""", await engine.Client.Http.GetStringAsync("/is_sleeping"));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task FaultWithAPath_HitsNothingElse()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "refuse=/sleep", "--sim-fault", "hang=/wake_up");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => engine.Client.SendAsync("/sleep"));
        using var left = new CancellationTokenSource();
        var hanging = engine.Client.PostAsync("/wake_up", "{}", left.Token);
        await engine.Client.ChatAsync("hi");
        Assert.Equal("""{"is_sleeping":false}""", await engine.Client.Http.GetStringAsync("/is_sleeping"));
        Assert.False(hanging.IsCompleted);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
    }

    [Fact]
    public async Task SlowWake_TakesLongerByItsArgument()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "slow-wake=150ms");
        await engine.Client.SendAsync("/sleep");
        var start = TimeProvider.System.GetTimestamp();
        await engine.Client.SendAsync("/wake_up");
        Assert.True(TimeProvider.System.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(140));
    }

    [Fact]
    public async Task MemoryNotReturned_LeavesTheAccountAsItWas()
    {
        var directory = Directory.CreateTempSubdirectory("podvirt-gpu").FullName;
        await using (var engine = await InProcessEngine.StartAsync("--sim-gpu-dir", directory, "--sim-gpu-memory", "100", "--sim-fault", "memory-not-returned"))
        {
            Assert.Equal(HttpStatusCode.OK, (await engine.Client.SendAsync("/sleep")).Status);
            Assert.Equal("90", await engine.Client.StateAsync("gpu_bytes_held"));
            Assert.StartsWith("90 ", await File.ReadAllTextAsync(Path.Combine(directory, "SIM-0", $"{Environment.ProcessId}")), StringComparison.Ordinal);
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task UnknownFault_IsRefusedWithTheKnownNames()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var (status, body) = await engine.Client.SendAsync("/sim/faults", """{"name":"explode"}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("die-after-tokens", body, StringComparison.Ordinal);
    }

    private static async Task AddAsync(InProcessEngine engine, string fault) =>
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.SendAsync("/sim/faults", fault)).Status);
}
