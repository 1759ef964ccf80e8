using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>A client that does not read holds its engine back for a while, and is then given up.</summary>
public sealed class SlowReaderTests
{
    // More than all sockets and buffers between engine and client take.
    private const int Endless = 5_000;

    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task ClientReadsNothing_EngineIsHeldBackUntilItReads()
    {
        var flood = new Flood(2_500);
        await using var engine = new FakeEngine(flood.RunAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.StreamBody));
        await flood.StopsAsync();
        Assert.True(flood.Sent < 2_500, "Nothing held the engine back.");

        await client.ReadUntilAsync("data: [DONE]");
        Assert.Equal((UsageOutcome.Completed, 2_500L), ((await host.Outbox.SingleAsync()).Outcome, host.Outbox.Records.Single().Tokens.Completion));
    }

    [Fact]
    public async Task ClientReadsNothingForItsGrace_IsCutAndBilledWhatWasRead()
    {
        var flood = new Flood(Endless);
        var clock = new Clock();
        await using var engine = new FakeEngine(flood.RunAsync);
        await using var host = await StartAsync(clock, engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.StreamBody));
        await flood.StopsAsync();

        await clock.UntilAsync(() => !host.Outbox.Records.IsEmpty, "the client is given up");
        Assert.True(clock.Elapsed >= s_grace, $"It was given up after {clock.Elapsed}.");
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, 200, "client_too_slow"), (record.Outcome, record.Status, record.Reason));
        Assert.InRange(record.Tokens.Completion, 1, flood.Sent);
        Assert.Equal(UsageSource.Engine, record.Source);
        await engine.LastCall.PeerClosed.Within();
        await host.InFlightAsync(0);
        Assert.Empty(host.Troubles);
        Assert.DoesNotContain("[DONE]", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClientReadsNothingOfAPlainReply_IsCut()
    {
        var flood = new Flood(Endless);
        var clock = new Clock();
        await using var engine = new FakeEngine(flood.RunPlainAsync);
        await using var host = await StartAsync(clock, engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.PlainBody));
        await flood.StopsAsync();

        await clock.UntilAsync(() => !host.Outbox.Records.IsEmpty, "the client is given up");
        Assert.True(clock.Elapsed >= s_grace, $"It was given up after {clock.Elapsed}.");
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, "client_too_slow"), (record.Outcome, record.Reason));
        await engine.LastCall.PeerClosed.Within();
        await host.InFlightAsync(0);
        Assert.Empty(host.Troubles);
    }

    [Fact]
    public async Task ClientReadsNothingForLessThanItsGrace_IsServed()
    {
        var flood = new Flood(2_500);
        var clock = new Clock();
        await using var engine = new FakeEngine(flood.RunAsync);
        await using var host = await StartAsync(clock, engine);
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync(RawClient.Post(Calls.StreamBody));
        await flood.StopsAsync();

        clock.Advance(s_grace - TimeSpan.FromSeconds(1));
        await client.ReadUntilAsync("data: [DONE]");
        Assert.Equal(UsageOutcome.Completed, (await host.Outbox.SingleAsync()).Outcome);
    }

    private static async Task<GatewayHost> StartAsync(Clock clock, FakeEngine engine)
    {
        var host = await GatewayHost.StartAsync(options => options.ClientGrace = s_grace, clock.Replace);
        await host.PublishAsync(Routes.Active("m", [engine]));
        return host;
    }
}
