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

    [Fact]
    public async Task Sleep_SendsTheLevelInTheQuery_AndNoBody()
    {
        await _client.SleepAsync(Target(), CancellationToken.None);
        Assert.Equal(["POST /sleep?level=1"], _engine.Requests);
        Assert.Equal(["Bearer key"], _engine.Keys);
    }

    [Fact]
    public async Task Level1_WakesInOneCall()
    {
        await _client.WakeAsync(Target(), CancellationToken.None);
        Assert.Equal(["POST /wake_up"], _engine.Requests);
    }

    [Fact]
    public async Task Level2_ReloadsTheWeights_BeforeTheCacheComesBack()
    {
        await _client.SleepAsync(Target(level: 2), CancellationToken.None);
        await _client.WakeAsync(Target(level: 2), CancellationToken.None);
        Assert.Equal(
            [
                "POST /sleep?level=2", "POST /wake_up?tags=weights",
                "POST /collective_rpc {\"method\":\"reload_weights\"}", "POST /wake_up?tags=kv_cache",
            ],
            _engine.Requests);
    }

    [Fact]
    public async Task Omni_HasCallsOfItsOwn_AndAlwaysLevel1()
    {
        _engine.Answer = _ => (200, """{"status":"SUCCESS"}""");
        var target = Target(level: 2, kind: EngineKind.VllmOmni);
        await _client.SleepAsync(target, CancellationToken.None);
        await _client.WakeAsync(target, CancellationToken.None);
        Assert.Equal(["POST /v1/omni/sleep {\"stage_ids\":[0],\"level\":1}", "POST /v1/omni/wakeup {\"stage_ids\":[0]}"], _engine.Requests);

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
