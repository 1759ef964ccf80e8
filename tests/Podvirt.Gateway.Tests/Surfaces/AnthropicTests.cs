using System.Net;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>What is Anthropic's on <c>/v1/messages</c> besides its events: errors, keys, counts of tokens.</summary>
public sealed class AnthropicTests
{
    private const string Unknown = """{"model":"nope","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}""";

    [Theory]
    [InlineData(MessageApi.PlainBody, 401, "authentication_error", "invalid_api_key", "pv-nobody")]
    [InlineData("{", 400, "invalid_request_error", "invalid_json", GatewayHost.Secret)]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"hi"}]}""", 400, "invalid_request_error", "invalid_value", GatewayHost.Secret)]
    [InlineData(Unknown, 404, "not_found_error", "model_not_found", GatewayHost.Secret)]
    public async Task RefusedRequest_IsToldInAnthropicsShape(string body, int status, string type, string code, string secret)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        using var client = host.NewClient(secret);
        await client.PostAsync(MessageApi.Path, body).AnthropicErrorAsync((HttpStatusCode)status, type, code);
    }

    [Fact]
    public async Task BodyOverTheLimit_Is413InAnthropicsShape()
    {
        await using var host = await GatewayHost.StartAsync(options => options.BodyBytesMax = 16);
        await host.Client.PostAsync(MessageApi.Path, MessageApi.PlainBody).AnthropicErrorAsync(HttpStatusCode.RequestEntityTooLarge, "request_too_large", "body_too_large");
    }

    [Theory]
    [InlineData("GET", "/v1/messages", 405, "invalid_request_error", "wrong_method")]
    [InlineData("POST", "/v1/messages/batches", 404, "not_found_error", "unknown_path")]
    public async Task UnknownPathOrMethod_IsToldInAnthropicsShape(string method, string path, int status, string type, string code)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)).AnthropicErrorAsync((HttpStatusCode)status, type, code);
    }

    [Fact]
    public async Task ModelIsColdAndClientDoesNotWait_Is503WithRetryAfter()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        var response = await host.Client.PostAsync(MessageApi.Path, MessageApi.PlainBody, ("X-Podvirt-Max-Wait", "0"));
        Assert.NotNull(response.Headers.RetryAfter);
        await Task.FromResult(response).AnthropicErrorAsync(HttpStatusCode.ServiceUnavailable, "overloaded_error", "model_warming_timeout");
    }

    [Fact]
    public async Task PlanIsSpent_Is429AndIsNotTriedAgain()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        await host.PlanAsync(new Plan { Id = "small", TokensPerMonth = new ModelLimits(1, ModelLimits.None.Models) });
        var response = await host.Client.PostAsync(MessageApi.Path, MessageApi.PlainBody);
        Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
        await Task.FromResult(response).AnthropicErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_error", "insufficient_quota");
    }

    [Theory]
    [InlineData(GatewayHost.Secret, null, true)]
    [InlineData(GatewayHost.Secret, "Bearer " + GatewayHost.Secret, true)]
    [InlineData(null, "Bearer " + GatewayHost.Secret, true)]
    [InlineData("pv-nobody", null, false)]
    [InlineData(null, null, false)]
    [InlineData(GatewayHost.Secret, "Bearer pv-other", false)]
    [InlineData("pv-other", "Bearer " + GatewayHost.Secret, false)]
    [InlineData(GatewayHost.Secret, "Basic YTpi", false)]
    public async Task KeyInEitherHeader_IsTakenUnlessBothDiffer(string? apiKey, string? authorization, bool isTaken)
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, MessageApi.Reply()));
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = new HttpClient { BaseAddress = host.Address };
        (string, string)[] headers =
        [
            ("anthropic-version", "2023-06-01"), ("anthropic-beta", "x"),
            .. apiKey is null ? [] : ((string, string)[])[("x-api-key", apiKey)],
            .. authorization is null ? [] : ((string, string)[])[("Authorization", authorization)],
        ];
        var request = client.PostAsync(MessageApi.Path, MessageApi.PlainBody, headers);
        if (!isTaken)
        {
            await request.AnthropicErrorAsync(HttpStatusCode.Unauthorized, "authentication_error", "invalid_api_key");
            Assert.Empty(engine.Calls);
            return;
        }
        using var response = await request.Within();
        Assert.Equal(MessageApi.Reply(), await response.TextAsync());
        Assert.Equal(response.Headers.GetValues("x-request-id"), response.Headers.GetValues("request-id"));
        Assert.DoesNotContain(GatewayHost.Secret, engine.LastCall.Head, StringComparison.Ordinal);
        Assert.Null(engine.LastCall.Header("x-api-key"));
        Assert.Null(engine.LastCall.Header("anthropic-version"));
    }

    [Fact]
    public async Task ApiKeyHeaderOnOpenAisPaths_IsNoKey()
    {
        await using var host = await GatewayHost.StartAsync();
        using var client = new HttpClient { BaseAddress = host.Address };
        await client.PostAsync(Calls.Chat, Calls.PlainBody, ("x-api-key", GatewayHost.Secret)).ErrorAsync(HttpStatusCode.Unauthorized, "invalid_api_key");
    }

    [Fact]
    public async Task TokensAreCounted_EngineAnswersAndNothingIsBilled()
    {
        const string Count = """{"input_tokens":14,"context_management":{"original_input_tokens":14}}""";
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, Count));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(Count, await host.Client.PostAsync(MessageApi.TokensPath, MessageApi.TokensBody).TextAsync());
        Assert.StartsWith("POST /v1/messages/count_tokens ", engine.LastCall.RequestLine, StringComparison.Ordinal);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(("messages.count_tokens", UsageSource.None, default(TokenCounts)), (record.Surface, record.Source, record.Tokens));
        Assert.Equal(UsageOutcome.Completed, record.Outcome);
    }

    [Fact]
    public async Task WrongTypeOfModel_NamesItsOwnPath()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [], type: Core.Models.ModelType.Embedding));
        var error = await host.Client.PostAsync(MessageApi.Path, MessageApi.PlainBody).AnthropicErrorAsync(HttpStatusCode.BadRequest, "invalid_request_error", "wrong_model_type");
        Assert.Contains("/v1/embeddings", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("model", error.GetProperty("param").GetString());
    }

    [Fact]
    public async Task PlanRunsOutAtCountsInTheMiddle_StreamEndsAsWithMaxTokens()
    {
        var middle = MessageApi.Delta("null", """{"output_tokens":200}""");
        await using var engine = new FakeEngine(TypedSurface.SendsAndHangs(MessageApi.Start + MessageApi.Opened + MessageApi.Text("Hé"), middle));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlanAsync(new Plan { Id = "small", TokensPerMonth = new ModelLimits(60, ModelLimits.None.Models) });
        var text = await host.Client.PostAsync(MessageApi.Path, MessageApi.StreamBody).TextAsync();

        Assert.Equal(
            MessageApi.Start + MessageApi.Opened + MessageApi.Text("Hé") + MessageApi.Closed
            + "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null},"
            + "\"usage\":{\"input_tokens\":9,\"cache_read_input_tokens\":0,\"output_tokens\":0}}\n\n" + MessageApi.Stop,
            text);
        await engine.LastCall.PeerClosed.Within();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "insufficient_quota", 9L), (record.Outcome, record.Reason, record.Tokens.Prompt));
    }
}
