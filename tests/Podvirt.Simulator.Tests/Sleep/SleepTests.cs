using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Sleep;

public sealed class SleepTests
{
    private const string Endless = ",\"ignore_eos\":true,\"max_tokens\":10000";

    [Fact]
    public async Task Asleep_HealthStaysGoodAndRequestsHangUntilTheWake()
    {
        await using var engine = await InProcessEngine.StartAsync();
        Assert.Equal((HttpStatusCode.OK, ""), await engine.Client.SendAsync("/sleep?level=1"));
        Assert.Equal("""{"is_sleeping":true}""", await engine.Client.Http.GetStringAsync("/is_sleeping"));
        Assert.Equal("", await engine.Client.Http.GetStringAsync("/health"));
        using var stream = await engine.Client.ChatStreamAsync("hello");
        var plain = engine.Client.ChatAsync("hello");
        await engine.Client.UntilAsync("queued", "2");
        Assert.Equal(HttpStatusCode.OK, stream.Response.StatusCode);
        Assert.False(plain.IsCompleted);
        Assert.Equal((HttpStatusCode.OK, ""), await engine.Client.SendAsync("/wake_up"));
        await plain;
        Assert.Equal("[DONE]", (await stream.RestAsync())[^1]);
        Assert.Equal("""{"is_sleeping":false}""", await engine.Client.Http.GetStringAsync("/is_sleeping"));
    }

    [Fact]
    public async Task Body_IsIgnored()
    {
        await using var engine = await InProcessEngine.StartAsync();
        await engine.Client.SendAsync("/sleep", """{"level":2}""");
        Assert.Equal("1", await engine.Client.StateAsync("sleep_level"));
    }

    [Theory]
    [InlineData(1, "weights_offloaded")]
    [InlineData(2, "discard_all")]
    public async Task Level_ShowsInTheMetrics(int level, string state)
    {
        await using var engine = await InProcessEngine.StartAsync();
        await engine.Client.SendAsync($"/sleep?level={level}");
        var metrics = await engine.Client.Http.GetStringAsync("/metrics");
        Assert.Contains($"vllm:engine_sleep_state{{engine=\"0\",model_name=\"m\",sleep_state=\"{state}\"}} 1.0", metrics, StringComparison.Ordinal);
        Assert.Contains("sleep_state=\"awake\"} 0.0", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModeAbort_EndsWhatRuns()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-token-time", "5ms");
        using var stream = await engine.Client.ChatStreamAsync("hello", Endless + ",\"stream_options\":{\"include_usage\":true}");
        await stream.NextAsync();
        await engine.Client.SendAsync("/sleep?level=1&mode=abort");
        var frames = await stream.RestAsync();
        Assert.Equal("[DONE]", frames[^1]);
        Assert.Contains("\"choices\":[],\"usage\"", frames[^2], StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"abort\",\"stop_reason\":null", frames[^3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ModeWait_LetsWhatRunsFinishFirst()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-token-time", "5ms");
        using var stream = await engine.Client.ChatStreamAsync("hello", ",\"ignore_eos\":true,\"max_tokens\":50");
        await stream.NextAsync();
        var sleep = engine.Client.SendAsync("/sleep?mode=wait");
        Assert.Contains("\"finish_reason\":\"length\"", (await stream.RestAsync())[^2], StringComparison.Ordinal);
        await sleep;
        Assert.Equal("1", await engine.Client.StateAsync("sleep_level"));
    }

    [Theory]
    [InlineData("/sleep?mode=keep", "")]
    [InlineData("/sleep?mode=abort", "--sim-no-sleep-mode-param")]
    public async Task ModeKeep_GoesOnAfterTheWake(string path, string option)
    {
        await using var engine = await InProcessEngine.StartAsync(["--sim-token-time", "5ms", .. option.Length > 0 ? new[] { option } : []]);
        using var stream = await engine.Client.ChatStreamAsync("hello", ",\"ignore_eos\":true,\"max_tokens\":200");
        await stream.NextAsync();
        await engine.Client.SendAsync(path);
        Assert.Equal("1", await engine.Client.StateAsync("running"));
        await engine.Client.SendAsync("/wake_up");
        Assert.Contains("\"finish_reason\":\"length\"", (await stream.RestAsync())[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Level2InTheRightOrder_AnswersAsBefore()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var before = await engine.Client.AnswerAsync("Why do rivers meander?", ",\"temperature\":0");
        await engine.Client.SendAsync("/sleep?level=2");
        var waiting = engine.Client.AnswerAsync("Why do rivers meander?", ",\"temperature\":0");
        await engine.Client.UntilAsync("queued", "1");
        await engine.Client.SendAsync("/wake_up?tags=weights");
        Assert.Equal("""{"is_sleeping":true}""", await engine.Client.Http.GetStringAsync("/is_sleeping"));
        var (status, body) = await engine.Client.SendAsync("/collective_rpc", """{"method":"reload_weights"}""");
        Assert.Equal((HttpStatusCode.OK, """{"results":[null]}"""), (status, body));
        Assert.False(waiting.IsCompleted);
        await engine.Client.SendAsync("/wake_up?tags=kv_cache");
        Assert.Equal(before, await waiting);
    }

    [Fact]
    public async Task Level2WithoutReload_AnswersGarbageUntilTheReload()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var before = await engine.Client.AnswerAsync("Why do rivers meander?", ",\"temperature\":0");
        await engine.Client.SendAsync("/sleep?level=2");
        await engine.Client.SendAsync("/wake_up?tags=weights&tags=kv_cache");
        var garbage = await engine.Client.AnswerAsync("Why do rivers meander?", ",\"temperature\":0");
        Assert.DoesNotContain("rivers", garbage, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" the ", garbage, StringComparison.Ordinal);
        await engine.Client.SendAsync("/collective_rpc", """{"method":"reload_weights"}""");
        Assert.Equal(before, await engine.Client.AnswerAsync("Why do rivers meander?", ",\"temperature\":0"));
    }

    [Fact]
    public async Task ReloadWhileTheWeightsSleep_Fails()
    {
        await using var engine = await InProcessEngine.StartAsync();
        await engine.Client.SendAsync("/sleep?level=2");
        Assert.Equal(HttpStatusCode.InternalServerError, (await engine.Client.SendAsync("/collective_rpc", """{"method":"reload_weights"}""")).Status);
    }

    [Fact]
    public async Task SleepAndWakeTwice_ChangeNothingTheSecondTime()
    {
        await using var engine = await InProcessEngine.StartAsync();
        await engine.Client.SendAsync("/sleep?level=1");
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.SendAsync("/sleep?level=2")).Status);
        Assert.Equal("1", await engine.Client.StateAsync("sleep_level"));
        await engine.Client.SendAsync("/wake_up");
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.SendAsync("/wake_up")).Status);
        await engine.Client.ChatAsync("hi");
    }

    [Fact]
    public async Task ClientLeavesWhileAsleep_FreesItsPlace()
    {
        await using var engine = await InProcessEngine.StartAsync();
        await engine.Client.SendAsync("/sleep");
        var stream = await engine.Client.ChatStreamAsync("hi");
        await engine.Client.UntilAsync("queued", "1");
        stream.Dispose();
        await engine.Client.UntilAsync("queued", "0");
    }

    [Fact]
    public async Task ModeThatIsRefused_ChangesNothing()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-reject-sleep-mode-param");
        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Client.SendAsync("/sleep?level=1&mode=wait")).Status);
        Assert.Equal("0", await engine.Client.StateAsync("sleep_level"));
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.SendAsync("/sleep?level=1")).Status);
        Assert.Equal("1", await engine.Client.StateAsync("sleep_level"));
    }

    [Fact]
    public async Task NoSleepMode_Is500AndChangesNothing()
    {
        await using var engine = await InProcessEngine.StartAsync("--no-enable-sleep-mode");
        Assert.Equal(HttpStatusCode.InternalServerError, (await engine.Client.SendAsync("/sleep")).Status);
        Assert.Equal("""{"is_sleeping":false}""", await engine.Client.Http.GetStringAsync("/is_sleeping"));
    }
}
