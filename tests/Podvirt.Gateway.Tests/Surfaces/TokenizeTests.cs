using System.Net;
using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>Tokens of texts and texts of tokens: routed, held and recorded like all else, and free.</summary>
public sealed class TokenizeTests
{
    private const string Tokens = """{"count":2,"max_model_len":4096,"tokens":[1,2],"token_strs":null}""";

    [Theory]
    [InlineData("/tokenize", """{"model":"m","prompt":"hi","add_special_tokens":false}""", Tokens, ModelType.Chat)]
    [InlineData("/tokenize", """{"model":"m","messages":[{"role":"user","content":"hi"}],"return_token_strs":true}""", Tokens, ModelType.Code)]
    [InlineData("/tokenize", """{"model":"m","prompt":""}""", Tokens, ModelType.Embedding)]
    [InlineData("/detokenize", """{"model":"m","tokens":[1,2]}""", """{"prompt":"hi \"usage\":{\"prompt_tokens\":5}"}""", ModelType.Chat)]
    [InlineData("/detokenize", """{"model":"m","tokens":[]}""", """{"prompt":""}""", ModelType.Embedding)]
    public async Task Call_PassesUntouchedAndBillsNothing(string path, string body, string reply, ModelType type)
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, reply));
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], type: type));
        Assert.Equal(reply, await host.Client.PostAsync(path, body).TextAsync());
        Assert.Equal((body, $"POST {path} HTTP/1.1"), (engine.LastCall.Body, engine.LastCall.RequestLine));
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((path[1..], UsageOutcome.Completed, UsageSource.None, default(TokenCounts)), (record.Surface, record.Outcome, record.Source, record.Tokens));
    }

    [Fact]
    public async Task EngineKnowsTheModelByAnotherName_ItsNameIsSent()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, Tokens));
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], servedAs: "qwen"));
        await host.Client.PostAsync("/tokenize", """{"prompt":"hi","model":"m"}""").TextAsync();
        Assert.Equal("""{"prompt":"hi","model":"qwen"}""", engine.LastCall.Body);
    }

    [Theory]
    [InlineData(404, """{"detail":"Not Found"}""", 501, "not_implemented")]
    [InlineData(405, """{"detail":"Method Not Allowed"}""", 501, "not_implemented")]
    [InlineData(404, """{"error":{"message":"The model `m` does not exist.","type":"NotFoundError","param":"model","code":404}}""", 502, "engine_refused")]
    public async Task EngineRefusesThePath_IsToldAsWhatItIs(int status, string answer, int told, string code)
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(status, answer));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.Client.PostAsync("/tokenize", """{"model":"m","prompt":"hi"}""").ErrorAsync((HttpStatusCode)told, code);
        Assert.Empty(host.Troubles);
        Assert.Equal(told, (await host.Outbox.SingleAsync()).Status);
    }
}
