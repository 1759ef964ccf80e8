using Podvirt.Core.Projects;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Tests.Streams;

[Collection(NatsCollection.Name)]
public sealed class PendingStreamTests(NatsFixture nats)
{
    private static readonly UtcMonth s_month = UtcMonth.Of(Sample.Noon);

    private readonly TokenLedger _ledger = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Month_WaitsForWhatTheStreamHadThen_AndNotForWhatComesLater()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var pending = new PendingStream(bench.Stream, bench.Chain);
        var lane = bench.Lane("a/1", _ledger);
        await lane.StepAsync(Ended);
        await bench.PublishAsync(1, 20);

        Assert.True(await pending.MayHoldAsync(s_month, Ended));
        await lane.StepAsync(Ended);
        await bench.PublishAsync(21, 20);

        Assert.False(await pending.MayHoldAsync(s_month, Ended));
        // Another month asks anew.
        Assert.True(await pending.MayHoldAsync(s_month.Next, Ended));
        await lane.StepAsync(Ended);
        Assert.False(await pending.MayHoldAsync(s_month.Next, Ended));
    }

    [Fact]
    public async Task NoWorkerHasEverLooked_WhatIsThereIsWaitedFor()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var pending = new PendingStream(bench.Stream, bench.Chain);

        Assert.False(await pending.MayHoldAsync(s_month, Ended));
        await bench.PublishAsync(1, 1);

        Assert.True(await pending.MayHoldAsync(s_month.Next, Ended));
    }
}
