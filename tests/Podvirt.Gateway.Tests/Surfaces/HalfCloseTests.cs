using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>A client that says it will send no more, while its answer is pending, has left: a FIN of one that has gone looks the same.</summary>
public sealed class HalfCloseTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FinBeforeTheHead_IsACancel(bool stream)
    {
        await using var engine = new FakeEngine(call => call.HangAsync());
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(stream ? Calls.StreamBody : Calls.PlainBody));
        var call = await engine.CallAsync(1);
        client.SendFin();
        await call.PeerClosed.Within();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, 499, "client_gone"), (record.Outcome, record.Status, record.Reason));
        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task FinInTheMiddleOfAStream_IsACancelAndBilled()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 4));
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.StreamBody));
        await client.ReadUntilAsync("\"a\"");
        client.SendFin();
        await engine.LastCall.PeerClosed.Within();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, "client_gone", 4L), (record.Outcome, record.Reason, record.Tokens.Completion));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FinWhileParked_FreesThePlace(bool stream)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(stream ? Calls.StreamBody : Calls.PlainBody));
        await host.WaitingAsync(1);
        client.SendFin();
        await host.WaitingAsync(0);
        Assert.Equal("client_gone", (await host.Outbox.SingleAsync()).Reason);
    }

    [Fact]
    public async Task FinRightBehindTheRequest_IsACancel()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.PlainBody));
        client.SendFin();
        Assert.Equal("", await client.ReadToEndAsync());
        await host.WaitingAsync(0);
    }
}
