using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Engines;

public sealed class EngineClientTests : IAsyncLifetime
{
    private readonly EngineClient _client = new();
    private FakeEngine _engine = null!;

    public async ValueTask InitializeAsync() => _engine = await FakeEngine.StartAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Sleep_SendsLevelAndModeInTheQuery_AndNoBody(int level)
    {
        await _client.SleepAsync(Target(level), CancellationToken.None);
        Assert.Equal([$"POST /sleep?level={level}&mode=wait"], _engine.Requests);
        Assert.Equal(["Bearer key"], _engine.Keys);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(422)]
    [InlineData(500)]
    public async Task EngineThatRefusesTheMode_IsAskedWithoutIt(int status)
    {
        _engine.Answer = path => path.Contains("mode", StringComparison.Ordinal) ? (status, "what mode?") : (200, "");
        await _client.SleepAsync(Target(level: 2), CancellationToken.None);
        Assert.Equal(["POST /sleep?level=2&mode=wait", "POST /sleep?level=2"], _engine.Requests);
    }

    [Fact]
    public async Task EngineWithoutSleep_IsAskedOnce()
    {
        _engine.Answer = _ => (404, "Not Found");
        var exception = await Assert.ThrowsAsync<EngineException>(() => _client.SleepAsync(Target(), CancellationToken.None));
        Assert.Equal("/sleep?level=1 answered 404 Not Found", exception.Message);
        Assert.Single(_engine.Requests);
    }

    [Fact]
    public async Task Level1_WakesInOneCall()
    {
        Assert.True(await _client.WakeAsync(Target(), CancellationToken.None));
        Assert.Equal(["POST /wake_up"], _engine.Requests);
    }

    [Fact]
    public async Task Level2_ReloadsTheWeights_BeforeTheCacheComesBack()
    {
        await _client.SleepAsync(Target(level: 2), CancellationToken.None);
        await _client.WakeAsync(Target(level: 2), CancellationToken.None);
        Assert.Equal(
            [
                "POST /sleep?level=2&mode=wait", "POST /wake_up?tags=weights",
                "POST /collective_rpc {\"method\":\"reload_weights\"}", "POST /wake_up?tags=kv_cache",
            ],
            _engine.Requests);
    }

    [Theory]
    [InlineData(EngineKind.VllmOmni, ModelType.Chat)]
    [InlineData(EngineKind.Simulated, ModelType.VideoGeneration)]
    public async Task Omni_HasCallsOfItsOwn_AndAlwaysLevel1(EngineKind kind, ModelType type)
    {
        _engine.Answer = _ => (200, """{"status":"SUCCESS"}""");
        var target = Target(level: 2, kind: kind, type: type);
        await _client.SleepAsync(target, CancellationToken.None);
        Assert.True(await _client.WakeAsync(target, CancellationToken.None));
        Assert.Null(await _client.IsSleepingAsync(target, CancellationToken.None));
        Assert.Equal(["POST /v1/omni/sleep {\"stage_ids\":[0],\"level\":1}", "POST /v1/omni/wakeup {\"stage_ids\":[0]}"], _engine.Requests);

        _engine.Answer = _ => (200, """{"status":"SKIPPED"}""");
        await _client.SleepAsync(target, CancellationToken.None);
        Assert.False(await _client.WakeAsync(target, CancellationToken.None));

        _engine.Answer = _ => (200, """{"status":"ERROR"}""");
        await Assert.ThrowsAsync<EngineException>(() => _client.SleepAsync(target, CancellationToken.None));
    }

    [Theory]
    [InlineData("""{"is_sleeping":true}""", true)]
    [InlineData("""{"is_sleeping":false}""", false)]
    [InlineData("""{}""", false)]
    public async Task IsSleeping_IsTheEnginesWord(string answer, bool expected)
    {
        _engine.Answer = _ => (200, answer);
        Assert.Equal(expected, await _client.IsSleepingAsync(Target(), CancellationToken.None));
    }

    [Theory]
    [InlineData(EngineKind.VllmOmni, ModelType.Chat)]
    [InlineData(EngineKind.Simulated, ModelType.VideoGeneration)]
    public async Task UnfinishedJobs_AreCountedOverAllPages(EngineKind kind, ModelType type)
    {
        static string Job(int id, string status) => $$"""{"id":"v{{id}}","status":"{{status}}"}""";
        var first = Enumerable.Range(0, 100).Select(id => Job(id, id < 3 ? "queued" : "completed"));
        _engine.Answer = path => (200, path.Contains("after=v99", StringComparison.Ordinal)
            ? $$"""{"object":"list","data":[{{Job(100, "in_progress")}},{{Job(101, "failed")}}]}"""
            : $$"""{"object":"list","data":[{{string.Join(',', first)}}]}""");
        Assert.Equal(4, await _client.CountUnfinishedJobsAsync(Target(kind: kind, type: type), CancellationToken.None));
        Assert.Equal(["GET /v1/videos?limit=100", "GET /v1/videos?limit=100&after=v99"], _engine.Requests);
    }

    [Fact]
    public async Task EngineWithoutVideos_HasNoJobs()
    {
        Assert.Equal(0, await _client.CountUnfinishedJobsAsync(Target(), CancellationToken.None));
        Assert.Empty(_engine.Requests);
        _engine.Answer = _ => (404, "");
        Assert.Equal(0, await _client.CountUnfinishedJobsAsync(Target(kind: EngineKind.VllmOmni), CancellationToken.None));
    }

    [Fact]
    public async Task Canary_OfABaseModel_UsesCompletions()
    {
        _engine.Answer = path => path.Contains("chat", StringComparison.Ordinal) ? (400, "no chat template") : (200, "{}");
        await _client.CanaryAsync(Target(), CancellationToken.None);
        Assert.Equal("POST /v1/completions {\"model\":\"m\",\"prompt\":\"hi\",\"max_tokens\":1}", _engine.Requests[1]);
    }

    [Fact]
    public async Task Canary_OfAnEmbeddingModel_UsesEmbeddings()
    {
        await _client.CanaryAsync(Target(type: ModelType.Embedding), CancellationToken.None);
        Assert.Equal(["POST /v1/embeddings {\"model\":\"m\",\"input\":\"hi\"}"], _engine.Requests);
    }

    [Fact]
    public async Task Canary_ThatFails_SaysWhatTheEngineSaid()
    {
        _engine.Answer = _ => (500, "EngineCore died");
        var exception = await Assert.ThrowsAsync<EngineException>(() => _client.CanaryAsync(Target(), CancellationToken.None));
        Assert.Equal("/v1/chat/completions answered 500 EngineCore died", exception.Message);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _engine.DisposeAsync();
    }

    private EngineTarget Target(int level = 1, EngineKind kind = EngineKind.Vllm, ModelType type = ModelType.Chat) =>
        new("r1", 1, Make.Model("m", kind: kind) with { Type = type }, [], _engine.Address, "key", level);
}
