using System.Net;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>A client that saw the end is on the ledger, once.</summary>
public sealed class DurabilityTests
{
    [Fact]
    public async Task OutboxHeld_ClientHasEverythingButTheEndMark()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.Hold();
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        var expected = new SampleReply(true, true, false, false).Events;
        var text = await stream.ReadUntilAsync("stop_reason\":null}]}\n\n");
        Assert.Equal(expected[..^Replies.Done.Length], text);

        await Eventually.TrueAsync(() => host.Outbox.Waiting == 1, "the record is being appended");
        var rest = stream.ReadUntilAsync("[DONE]\n\n");
        Assert.False(rest.IsCompleted);
        Assert.Empty(host.Outbox.Records);
        host.Outbox.Release();
        Assert.Equal(Replies.Done, await rest);
        Assert.Single(host.Outbox.Records);
    }

    [Fact]
    public async Task OutboxHeldForLongerThanTheTokenTimeout_IsNoStallOfTheEngine()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine, tokenTimeout: TimeSpan.FromMilliseconds(50));
        host.Outbox.Hold();
        var first = host.StreamAsync().TextAsync();
        await Eventually.TrueAsync(() => host.Outbox.Waiting == 1, "the record is being appended");
        await Task.Delay(Pauses.NothingHappens);
        host.Outbox.Release();
        Assert.EndsWith(Replies.Done, await first, StringComparison.Ordinal);
        await host.InFlightAsync(0);
        Assert.EndsWith(Replies.Done, await host.StreamAsync().TextAsync(), StringComparison.Ordinal);
        Assert.Equal(1, engine.AcceptedConnections);
    }

    [Fact]
    public async Task OutboxFails_StreamEndsWithAnErrorAndNoEndMark()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.Fails = true;
        host.MayLogErrors = true;
        var text = await host.StreamAsync().TextAsync();
        Calls.InBandError(text, "usage_not_recorded");
        Assert.Contains("stop_reason", text, StringComparison.Ordinal);
        await host.InFlightAsync(0);

        // What it used is owed as soon as the disk takes it, and the client was not told of an end.
        var held = Assert.Single(host.Outbox.HeldRecords);
        Assert.Equal((UsageOutcome.Truncated, "usage_not_recorded", (long)SampleReply.Completion), (held.Outcome, held.Reason, held.Tokens.Completion));
    }

    [Fact]
    public async Task OutboxHeld_PlainReplyLacksItsLastByte()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.Hold();
        var response = await host.PlainAsync();
        var stream = await response.Content.ReadAsStreamAsync();
        var text = await stream.ReadUntilAsync("\"x\":null");
        await Eventually.TrueAsync(() => host.Outbox.Waiting == 1, "the record is being appended");
        var rest = stream.ReadUntilAsync("}");
        Assert.False(rest.IsCompleted);
        host.Outbox.Release();
        Assert.Equal(new SampleReply(true, false, false, false).Plain, text + await rest);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(new TokenCounts(SampleReply.Prompt, 0, SampleReply.Completion, 0), record.Tokens);
        Assert.Equal((UsageOutcome.Completed, false), (record.Outcome, record.Streamed));
        Assert.Null(record.FirstTokenUs);
    }

    [Fact]
    public async Task OutboxFails_PlainReplyIsNotHandedOutWhole()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.Fails = true;
        host.MayLogErrors = true;
        await Assert.ThrowsAsync<HttpRequestException>(async () => await host.PlainAsync().TextAsync());
        await host.InFlightAsync(0);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(40)]
    public async Task EngineDiesInAPlainBody_ClientsConnectionIsAborted(int sent)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n" + new string(' ', sent));
            call.Close();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        await Assert.ThrowsAsync<HttpRequestException>(async () => await host.PlainAsync().TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_truncated"), (record.Outcome, record.Reason));
    }

    [Theory]
    [InlineData("")]
    [InlineData("6")]
    [InlineData("64\r\n")]
    [InlineData("64\r\n{")]
    public async Task EngineDiesBeforeTheFirstByteOfAPlainBody_AnotherServes(string sent)
    {
        await using var dying = new FakeEngine(async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + sent);
            call.Close();
        });
        await using var good = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([dying, good]);
        for (var i = 0; i < 12; i++)
        {
            var response = await host.PlainAsync(("X-Podvirt-Session-Id", $"s{i}"));
            Assert.Equal(new SampleReply(true, false, false, false).Plain, await response.TextAsync());
            Assert.Equal("m-1", response.Headers.GetValues("x-podvirt-replica").Single());
        }
        Assert.NotEmpty(dying.Calls);
    }

    [Fact]
    public async Task OnlyEngineDiesBeforeTheFirstByteOfAPlainBody_Is502()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n6");
            call.Close();
        });
        await using var host = await GatewayHost.ServingAsync(engine, options => options.AttemptsMax = 1);
        await host.PlainAsync().ErrorAsync(HttpStatusCode.BadGateway, "engine_unreachable");
        Assert.Equal(UsageOutcome.Failed, (await host.Outbox.SingleAsync()).Outcome);
    }

    [Fact]
    public async Task EmbeddingsAndLargeReplies_PassWhole()
    {
        var json = "{\"data\":[\"" + new string('v', 3_000_000) + "\"],\"usage\":{\"prompt_tokens\":11,\"total_tokens\":11}}";
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, json));
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("e", [engine], type: Core.Models.ModelType.Embedding));
        var response = await host.Client.PostAsync("/v1/embeddings", """{"model":"e","input":["a","b"]}""");
        Assert.Equal(json, await response.TextAsync());
        Assert.Equal(json.Length, response.Content.Headers.ContentLength);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((11, 0, "embeddings"), (record.Tokens.Prompt, record.Tokens.Completion, record.Surface));
    }

    [Fact]
    public async Task ReplyWithoutUsage_IsRecordedAsSuch()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, """{"choices":[],"usage":{"\ud800":1}}"""));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync().TextAsync();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Completed, UsageSource.None, 0L), (record.Outcome, record.Source, record.Tokens.Completion));
    }
}
