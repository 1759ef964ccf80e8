using System.Net;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>A client that leaves frees its slot, its place and its engine at once.</summary>
public sealed class CancelTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientLeavesBeforeTheHead_EngineIsCut(bool stream)
    {
        await using var engine = new FakeEngine(call => call.Number == 1 ? call.HangAsync() : call.AnswerAsync());
        await using var host = await OneSlotAsync(engine);
        using var cancel = new CancellationTokenSource();
        var request = host.Client.PostAsync(Calls.Chat, stream ? Calls.StreamBody : Calls.PlainBody, cancel.Token);
        var call = await engine.CallAsync(1);
        var next = host.PlainAsync();
        await host.WaitingAsync(1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);

        await call.PeerClosed.Within(2);
        Assert.Equal(HttpStatusCode.OK, (await next.Within()).StatusCode);
        await next.TextAsync();
        var records = await host.Outbox.AllAsync(2);
        Assert.Equal((UsageOutcome.Cancelled, 499, "client_gone"), Outcome(records[0]));
        Assert.Empty(host.Troubles);
    }

    [Fact]
    public async Task ClientLeavesInTheMiddleOfItsStream_EngineIsCutAndCountsAreBilled()
    {
        await using var engine = new FakeEngine(async call =>
        {
            if (call.Number > 1)
            {
                await call.AnswerAsync();
                return;
            }
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 4));
            await call.HangAsync();
        });
        await using var host = await OneSlotAsync(engine);
        var response = await host.StreamAsync();
        var stream = await response.Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("\"a\"");
        var next = host.PlainAsync();
        await host.WaitingAsync(1);
        response.Dispose();

        await (await engine.CallAsync(1)).PeerClosed.Within(2);
        Assert.Equal(HttpStatusCode.OK, (await next.Within()).StatusCode);
        await next.TextAsync();
        var records = await host.Outbox.AllAsync(2);
        Assert.Equal((UsageOutcome.Cancelled, 200, "client_gone"), Outcome(records[0]));
        Assert.Equal(new TokenCounts(7, 0, 4, 0), records[0].Tokens);
        Assert.Empty(host.Troubles);
    }

    [Fact]
    public async Task ClientLeavesWhileTheEnginePoursOut_EngineIsCut()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; ; i++)
            {
                await call.SendChunkAsync(Replies.Delta(new string('x', 500), i));
            }
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.StreamAsync();
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("xxx");
        response.Dispose();
        await engine.LastCall.PeerClosed.Within(5);
        Assert.Equal(UsageOutcome.Cancelled, (await host.Outbox.SingleAsync()).Outcome);
        await host.InFlightAsync(0);
        Assert.Empty(host.Troubles);
    }

    [Fact]
    public async Task ClientLeavesInAPlainBody_EngineIsCut()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\":1,");
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.PlainAsync();
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("{");
        response.Dispose();
        await engine.LastCall.PeerClosed.Within(2);
        Assert.Equal((UsageOutcome.Cancelled, 200, "client_gone"), Outcome(await host.Outbox.SingleAsync()));
        await host.InFlightAsync(0);
    }

    [Theory]
    [InlineData(true, 499)]
    [InlineData(false, 499)]
    public async Task ClientLeavesWhileParked_FreesItsPlace(bool stream, int status)
    {
        await using var host = await GatewayHost.StartAsync(options => options.ParkedRequestsMax = 1);
        await host.PublishAsync(Routes.Cold("m"));
        using var cancel = new CancellationTokenSource();
        var request = host.Client.PostAsync(Calls.Chat, stream ? Calls.StreamBody : Calls.PlainBody, cancel.Token);
        await host.WaitingAsync(1);
        await host.PlainAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await host.WaitingAsync(0);
        Assert.Equal((UsageOutcome.Cancelled, status, "client_gone"), Outcome(await host.Outbox.SingleAsync()));
    }

    [Fact]
    public async Task ClientLeavesWhileParkedWithCommentsOut_IsRecordedWithItsStatus()
    {
        await using var host = await GatewayHost.StartAsync(options => options.CommentGrace = TimeSpan.FromMilliseconds(20));
        await host.PublishAsync(Routes.Cold("m"));
        var response = await host.StreamAsync();
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync(": warming-up");
        response.Dispose();
        await host.WaitingAsync(0);
        Assert.Equal((UsageOutcome.Cancelled, 200, "client_gone"), Outcome(await host.Outbox.SingleAsync()));
    }

    [Fact]
    public async Task ClientReadsNothingForLongerThanTheTokenTimeout_EngineIsNotBlamed()
    {
        var all = 0;
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (all = 1; all <= 400; all++)
            {
                await call.SendChunkAsync(Replies.Delta(new string('x', 50_000), all));
            }
            await call.SendChunkAsync(Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, tokenTimeout: TimeSpan.FromMilliseconds(300));
        var response = await host.StreamAsync();
        var stream = await response.Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("xxx");
        await Task.Delay(Pauses.BeyondTokenTimeout);
        Assert.True(all < 400, "The pipes between swallow more than the test sends.");
        var text = await new StreamReader(stream).ReadToEndAsync().Within();
        Assert.EndsWith(Replies.Done, text, StringComparison.Ordinal);
        Assert.Empty(host.Troubles);
    }

    private static async Task<GatewayHost> OneSlotAsync(FakeEngine engine)
    {
        var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], slots: 1));
        return host;
    }

    private static (UsageOutcome Outcome, int Status, string Reason) Outcome(UsageRecord record) => (record.Outcome, record.Status, record.Reason);
}
