using System.Net;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>Streams of responses and messages that do not end well: told in their own shape, never as an end.</summary>
public sealed class TypedFailureTests
{
    public static TheoryData<string> Surfaces => TypedSurface.Names;

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineDiesInTheMiddle_StreamEndsWithAnErrorInItsShape(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.SendsAndDies(surface.Start + surface.First));
        await using var host = await GatewayHost.ServingAsync(engine);
        var text = await surface.StreamAsync(host).TextAsync();

        Assert.StartsWith(surface.Start + surface.First, text, StringComparison.Ordinal);
        surface.EndsWithError(text, "engine_truncated");
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_truncated", surface.AtLeast), (record.Outcome, record.Reason, record.Tokens));
        Assert.Equal(surface.AtLeast == default ? UsageSource.None : UsageSource.Engine, record.Source);
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData("responses", false)]
    [InlineData("messages", false)]
    [InlineData("responses", true)]
    [InlineData("messages", true)]
    public async Task StreamEndsWithoutItsLastEvent_IsTruncated(string name, bool withDone)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Start + surface.First + surface.Rest + (withDone ? Replies.Done : "")));
        await using var host = await GatewayHost.ServingAsync(engine);
        surface.EndsWithError(await surface.StreamAsync(host).TextAsync(), "engine_truncated");
        Assert.Equal(UsageOutcome.Truncated, (await host.Outbox.SingleAsync()).Outcome);
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EndMarkOfChatBehindTheEnd_IsLeftOut(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Events + Replies.Done));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(surface.Events, await surface.StreamAsync(host).TextAsync());
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineDiesBeforeTheModelAnswers_AnotherTakesOver(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var dying = new FakeEngine(TypedSurface.SendsAndDies(surface.Start));
        await using var good = new FakeEngine(TypedSurface.Sends(surface.Events));
        await using var host = await GatewayHost.ServingAsync([dying, good]);
        await ServesAllAsync(host, surface);
        Assert.NotEmpty(dying.Calls);
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineGivesUpBeforeTheModelAnswers_AnotherTakesOver(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var stopping = new FakeEngine(TypedSurface.Sends(surface.Start + surface.Aborted));
        await using var good = new FakeEngine(TypedSurface.Sends(surface.Events));
        await using var host = await GatewayHost.ServingAsync([stopping, good]);
        await ServesAllAsync(host, surface);
        Assert.NotEmpty(stopping.Calls);
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineGivesUpInTheMiddle_StreamEndsWithAnErrorInThePlaceOfItsEnd(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Start, surface.First, surface.Aborted));
        await using var host = await GatewayHost.ServingAsync(engine);
        surface.EndsWithError(await surface.StreamAsync(host).TextAsync(), "engine_aborted");
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_aborted", surface.Tokens), (record.Outcome, record.Reason, record.Tokens));
    }

    [Theory]
    [InlineData("responses")]
    [InlineData("messages")]
    public async Task EngineGivesUpAPlainReply_PassesAsItIsAndIsTruncated(string name)
    {
        var surface = TypedSurface.Of(name);
        var reply = name == "responses" ? ResponseApi.Body("cancelled") : MessageApi.Reply(stopReason: "");
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, reply));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(reply, await surface.PlainAsync(host).TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_aborted", surface.Tokens), (record.Outcome, record.Reason, record.Tokens));
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineReportsAnError_IsPassedOnInTheSurfacesShape(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Start, surface.First, surface.Failure + Replies.Done));
        await using var host = await GatewayHost.ServingAsync(engine);
        var text = await surface.StreamAsync(host).TextAsync();
        surface.EndsWithError(text, name == "responses" ? "server_error" : null, "it broke");
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_error"), (record.Outcome, record.Reason));
        await Eventually.TrueAsync(() => host.Troubles.Count == 1, "the scheduler is told");
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineFallsSilent_IsCutAndTold(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.SendsAndHangs(surface.Start + surface.First));
        await using var host = await GatewayHost.ServingAsync(engine, tokenTimeout: TimeSpan.FromMilliseconds(100));
        surface.EndsWithError(await surface.StreamAsync(host).TextAsync(), "engine_stalled");
        await engine.LastCall.PeerClosed.Within();
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineSendsNoEvents_IsMalformed(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Start, surface.First, "data: nonsense\n\n"));
        await using var host = await GatewayHost.ServingAsync(engine);
        surface.EndsWithError(await surface.StreamAsync(host).TextAsync(), "engine_malformed");
    }

    [Theory]
    [InlineData("responses", false)]
    [InlineData("messages", false)]
    [InlineData("responses", true)]
    [InlineData("messages", true)]
    public async Task ClientLeaves_EngineIsCutAndWhatIsKnownIsBilled(string name, bool afterTheFirstToken)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.SendsAndHangs(surface.Start + (afterTheFirstToken ? surface.First : "")));
        await using var host = await GatewayHost.ServingAsync(engine);
        using var cancel = new CancellationTokenSource();
        var request = host.Client.PostAsync(surface.Path, surface.StreamBody, cancel.Token);
        var call = await engine.CallAsync(1);
        if (afterTheFirstToken)
        {
            using var response = await request.Within();
            await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("Hé");
        }
        else
        {
            await host.InFlightAsync(1);
        }
        await cancel.CancelAsync();
        await call.PeerClosed.Within(2);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, "client_gone"), (record.Outcome, record.Reason));
        Assert.Equal(0, record.Tokens.Completion);
        Assert.True(!afterTheFirstToken || record.Tokens == surface.AtLeast, $"{record.Tokens}");
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData("responses", 502)]
    [InlineData("messages", 502)]
    [InlineData("responses", 400)]
    [InlineData("messages", 400)]
    public async Task EngineRefuses_IsToldInTheSurfacesShape(string name, int status)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(status, """{"error":{"message":"no such thing","type":"BadRequestError","param":null,"code":400}}"""));
        await using var host = await GatewayHost.ServingAsync(engine);
        var expected = (HttpStatusCode)status;
        if (name == "responses")
        {
            await surface.StreamAsync(host).ErrorAsync(expected, null);
            return;
        }
        var error = await surface.StreamAsync(host).AnthropicErrorAsync(expected, status == 400 ? "invalid_request_error" : "api_error", null);
        Assert.Equal("no such thing", error.GetProperty("message").GetString());
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineHasNoSuchPath_IsToldAsSuchAndNoTrouble(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(404, """{"detail":"Not Found"}"""));
        await using var host = await GatewayHost.ServingAsync(engine);
        await (name == "responses"
            ? surface.PlainAsync(host).ErrorAsync(HttpStatusCode.NotImplemented, "not_implemented")
            : surface.PlainAsync(host).AnthropicErrorAsync(HttpStatusCode.NotImplemented, "api_error", "not_implemented"));
        Assert.Empty(host.Troubles);
    }

    // Sessions spread over both replicas: with a dozen of them some meet each.
    private static async Task ServesAllAsync(GatewayHost host, TypedSurface surface)
    {
        const int Sessions = 12;
        for (var i = 0; i < Sessions; i++)
        {
            Assert.Equal(surface.Events, await surface.StreamAsync(host, ("X-Podvirt-Session-Id", $"s{i}")).TextAsync());
        }
        Assert.All(await host.Outbox.AllAsync(Sessions), record =>
            Assert.Equal((UsageOutcome.Completed, surface.Tokens), (record.Outcome, record.Tokens)));
    }
}
