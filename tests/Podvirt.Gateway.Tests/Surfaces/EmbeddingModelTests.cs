using System.Net;
using System.Text.Json;
using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>What embedding models answer: vectors, rankings and scores.</summary>
public sealed class EmbeddingModelTests
{
    private const string Ranked = """{"id":"rerank-1","model":"m","usage":{"total_tokens":56},"results":[{"index":1,"document":{"text":"b","multi_modal":null},"relevance_score":0.98}]}""";
    private const string RankedNewer = """{"id":"rerank-1","model":"m","usage":{"prompt_tokens":56,"total_tokens":56},"results":[]}""";
    private const string Scored =
        """{"id":"score-1","object":"list","created":5,"model":"m","data":[{"index":0,"object":"score","score":1.5}],"usage":{"prompt_tokens":21,"total_tokens":21,"completion_tokens":0,"prompt_tokens_details":null}}""";

    public static TheoryData<string, string, string, string, int> Calls => new()
    {
        { "/v1/rerank", """{"model":"m","query":"what?","documents":["a","b"],"top_n":1}""", Ranked, "rerank", 56 },
        { "/rerank", """{ "documents":[{"text":"a"}], "query":{"content":[]}, "model":"m" }""", Ranked, "rerank", 56 },
        { "/v2/rerank", """{"model":"m","query":"what?","documents":{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}}""", RankedNewer, "rerank", 56 },
        { "/v1/score", """{"model":"m","text_1":"a","text_2":["b","c"],"truncate_prompt_tokens":-1}""", Scored, "score", 21 },
        { "/score", """{"model":"m","queries":["a"],"documents":["b"]}""", Scored, "score", 21 },
        { "/v1/score", """{"model":"m","data_1":"a","data_2":"b"}""", Scored, "score", 21 },
        { "/v1/embeddings", """{"model":"m","input":[[1,2,3],[4]],"encoding_format":"base64","dimensions":2}""", """{"data":[{"index":0,"embedding":"AAAAPwAAgL8="}],"usage":{"prompt_tokens":4,"total_tokens":4}}""", "embeddings", 4 },
        { "/v1/embeddings", """{"model":"m","messages":[{"role":"user","content":"hi"}]}""", """{"data":[{"index":0,"embedding":[0.5,-1]}],"usage":{"total_tokens":4}}""", "embeddings", 4 },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Call_PassesUntouchedAndIsBilledAsEmbedded(string path, string body, string reply, string surface, int tokens)
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, reply));
        await using var host = await ServingAsync(engine);
        await host.SetRatesAsync(new Rate("m", 1, DateTimeOffset.UnixEpoch, 1000, 100, 10_000, EmbeddingPico: 30));

        var response = await host.Client.PostAsync(path, body).Within();
        Assert.Equal(reply, await response.TextAsync());
        Assert.Equal((body, $"POST {path} HTTP/1.1"), (engine.LastCall.Body, engine.LastCall.RequestLine));
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((surface, UsageOutcome.Completed, UsageSource.Engine), (record.Surface, record.Outcome, record.Source));
        Assert.Equal(new TokenCounts(tokens, 0, 0, 0), record.Tokens);
        Assert.Equal(new BilledAmounts(0, 0, 0, tokens, 0), BilledAmounts.Of(record));

        var told = await host.Client.PostAsync(path, body, ("X-Podvirt-Usage-Cost", "true")).TextAsync();
        Assert.Equal(new Cost(tokens * 30).ToString(), JsonDocument.Parse(told).RootElement.GetProperty("usage").GetProperty("cost").GetString());
    }

    [Theory]
    [InlineData("/v1/rerank", """{"model":"chat","query":"a","documents":["b"]}""", "/v1/chat/completions")]
    [InlineData("/v1/score", """{"model":"chat","text_1":"a","text_2":"b"}""", "/v1/chat/completions")]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"hi"}]}""", "/v1/embeddings")]
    [InlineData("/v1/completions", """{"model":"m","prompt":"hi"}""", "/v1/embeddings")]
    [InlineData("/v1/audio/speech", """{"model":"m","input":"hi"}""", "/v1/embeddings")]
    public async Task ModelOfAnotherType_Is400AndNamesTheRightPath(string path, string body, string named)
    {
        await using var engine = new FakeEngine();
        await using var host = await ServingAsync(engine);
        var error = await host.Client.PostAsync(path, body).ErrorAsync(HttpStatusCode.BadRequest, "wrong_model_type");
        Assert.Contains(named, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(engine.Calls);
    }

    [Fact]
    public async Task RankingRetriedWithItsKey_RunsOnceAndIsBilledOnce()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, Ranked));
        await using var host = await ServingAsync(engine);
        const string Body = """{"model":"m","query":"a","documents":["b"]}""";
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(Ranked, await host.Client.PostAsync("/v1/rerank", Body, ("Idempotency-Key", "one")).TextAsync());
        }
        Assert.Single(engine.Calls);
        await host.Outbox.SingleAsync();
        await host.Client.PostAsync("/v1/rerank", Body.Replace("\"b\"", "\"c\"", StringComparison.Ordinal), ("Idempotency-Key", "one"))
            .ErrorAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Fact]
    public async Task ReplicaRefusesAndColdModelWakes_AnotherOneRanks()
    {
        await using var dead = new FakeEngine(call => call.AnswerJsonAsync(503, "{}"));
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, Ranked));
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m") with { Model = Routes.Spec("m", ModelType.Embedding) });
        var parked = host.Client.PostAsync("/v1/rerank", """{"model":"m","query":"a","documents":["b"]}""");
        await host.WaitingAsync(1);
        await host.PublishAsync(Routes.Active("m", [dead, engine], type: ModelType.Embedding));
        Assert.Equal(Ranked, await parked.TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.True(record is { ColdStart: true, ParkedUs: > 0, Tokens.Prompt: 56 });
    }

    [Fact]
    public async Task PlanUsedUp_RefusesARankingButNotATokenizing()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, Ranked));
        await using var host = await ServingAsync(engine);
        await host.PlanAsync(new Core.Projects.Plan { Id = "small", TokensPerMonth = new Core.Projects.ModelLimits(60, Core.Projects.ModelLimits.None.Models) });
        const string Body = """{"model":"m","query":"a","documents":["b"]}""";
        await host.Client.PostAsync("/v1/rerank", Body).TextAsync();
        await host.Outbox.SingleAsync();
        await host.Client.PostAsync("/v1/rerank", Body).ErrorAsync(HttpStatusCode.TooManyRequests, "insufficient_quota");

        // Nothing of it is counted.
        Assert.Equal(HttpStatusCode.OK, (await host.Client.PostAsync("/tokenize", """{"model":"m","prompt":"a"}""").Within()).StatusCode);
        await host.NothingIsLeftAsync(engine);
    }

    private static async Task<GatewayHost> ServingAsync(FakeEngine engine)
    {
        var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], type: ModelType.Embedding), Routes.Active("chat", [engine]));
        return host;
    }
}
