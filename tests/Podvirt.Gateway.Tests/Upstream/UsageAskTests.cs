using System.Net;
using System.Text.Json;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Upstream;

/// <summary>Engines that refuse the gateway's wish for usage are asked for less, and that is remembered.</summary>
public sealed class UsageAskTests
{
    // As pydantic, FastAPI and hand-written servers put it.
    [Theory]
    [InlineData(400, """{"error":{"message":"[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted'}]"}}""")]
    [InlineData(422, """{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}""")]
    [InlineData(400, "Unknown field: stream_options")]
    public async Task EngineRefusesStreamOptions_IsAskedWithoutAndThatIsRemembered(int status, string refusal)
    {
        await using var engine = new FakeEngine(call => call.Body.Contains("stream_options", StringComparison.Ordinal)
            ? call.AnswerJsonAsync(status, refusal)
            : call.AnswerAsync());
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(new SampleReply(true, true, false, false).Events, await host.StreamAsync().TextAsync());
        }

        // With both options, with one, without; then twice without. All over one connection: refusals leave it good.
        Assert.Equal(5, engine.Calls.Count);
        Assert.Equal(1, engine.AcceptedConnections);
        Assert.Equal(Calls.StreamBody, engine.LastCall.Body);
        Assert.All(await host.Outbox.AllAsync(3), record => Assert.Equal(
            (UsageOutcome.Completed, UsageSource.None, default), (record.Outcome, record.Source, record.Tokens)));
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task EngineRefusesStreamOptions_ThoseOfTheClientStillReachIt()
    {
        await using var engine = new FakeEngine(call => Refuses(call) ? call.AnswerJsonAsync(400, """{"error":"no continuous_usage_stats here"}""") : call.AnswerAsync());
        await using var host = await GatewayHost.ServingAsync(engine);
        var body = Calls.StreamBody.Replace("{\"model\"", "{\"stream_options\":{\"include_usage\":true},\"model\"", StringComparison.Ordinal);
        Assert.Equal(new SampleReply(true, true, IncludeUsage: true, Continuous: false).Events, await host.Client.PostAsync(Calls.Chat, body).TextAsync());
        Assert.Equal(body, engine.LastCall.Body);
        Assert.Equal(SampleReply.Completion, (await host.Outbox.SingleAsync()).Tokens.Completion);

        static bool Refuses(FakeCall call) => call.Body.Contains("continuous_usage_stats", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"stream_options\":{\"frequency\":1},", "stream_options.frequency: extra fields not permitted")]
    [InlineData("\"user\":\"stream_options\",", "user: 'stream_options' is no user")]
    public async Task ClientsOwnMistakeIsRefusedInTheSameWords_NothingIsRemembered(string mistake, string message)
    {
        await using var engine = new FakeEngine(call => call.Body.Contains("frequency", StringComparison.Ordinal) || call.Body.Contains("\"user\":\"s", StringComparison.Ordinal)
            ? call.AnswerJsonAsync(400, JsonSerializer.Serialize(new { error = new { message } }))
            : call.AnswerAsync());
        await using var host = await GatewayHost.ServingAsync(engine);
        var error = await host.Client.PostAsync(Calls.Chat, "{" + mistake + Calls.StreamBody[1..]).ErrorAsync(HttpStatusCode.BadRequest, null);
        Assert.Equal(message, error.GetProperty("message").GetString());

        await host.StreamAsync().TextAsync();
        Assert.Contains("\"continuous_usage_stats\":true", engine.LastCall.Body, StringComparison.Ordinal);
        Assert.Equal(SampleReply.Completion, (await host.Outbox.AllAsync(2))[1].Tokens.Completion);
        Assert.Empty(host.Troubles);
    }

    [Fact]
    public async Task OneReplicaRefuses_TheOtherIsAskedAsBefore()
    {
        await using var old = new FakeEngine(call => call.Body.Contains("continuous_usage_stats", StringComparison.Ordinal)
            ? call.AnswerJsonAsync(400, """{"error":{"message":"continuous_usage_stats: extra fields not permitted"}}""")
            : call.AnswerAsync());
        await using var current = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([old, current]);
        for (var i = 0; i < 16; i++)
        {
            await host.Client.PostAsync(Calls.Chat, Calls.StreamBody, ("X-Podvirt-Session-Id", $"s{i}")).TextAsync();
        }
        Assert.Equal(17, old.Calls.Count + current.Calls.Count);
        Assert.NotEmpty(current.Calls);
        Assert.All(current.Calls, call => Assert.Contains("\"continuous_usage_stats\":true", call.Body, StringComparison.Ordinal));
        Assert.All(old.Calls.Skip(1), call => Assert.DoesNotContain("continuous", call.Body, StringComparison.Ordinal));
        Assert.All(await host.Outbox.AllAsync(16), record => Assert.Equal(SampleReply.Completion, record.Tokens.Completion));
    }
}
