using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests;

public sealed class GatewayDrainTests
{
    [Fact]
    public async Task HostStops_ParkedAreRefusedAndRunningFinish()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 1));
            await go.Task;
            await call.SendChunkAsync(Replies.Delta("b", 2) + Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], slots: 1));
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("\"a\"");
        var parked = host.PlainAsync();
        await host.WaitingAsync(1);
        Assert.Equal(2, host.Services.GetRequiredService<GatewayStatus>().Running);

        var stopping = host.StopAsync();
        await parked.ErrorAsync(HttpStatusCode.ServiceUnavailable, "shutting_down");
        await host.PlainAsync().ErrorAsync(HttpStatusCode.ServiceUnavailable, "shutting_down");
        Assert.False(stopping.IsCompleted);
        go.SetResult();
        await stream.ReadUntilAsync("[DONE]");
        await stopping.Within();
        var records = await host.Outbox.AllAsync(2);
        Assert.Equal([(UsageOutcome.Failed, "shutting_down"), (UsageOutcome.Completed, "")], records.Select(r => (r.Outcome, r.Reason)));
    }

    [Fact]
    public async Task StreamDoesNotFinishInTheDrainTime_IsCutAndRecorded()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 3));
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, options => options.DrainTimeout = TimeSpan.FromMilliseconds(200));
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        var text = await stream.ReadUntilAsync("\"a\"");
        var stopping = host.StopAsync();
        text += await new StreamReader(stream).ReadToEndAsync().Within();
        Calls.InBandError(text, "shutting_down");
        await stopping.Within();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "shutting_down", 3L), (record.Outcome, record.Reason, record.Tokens.Completion));
        Assert.Empty(host.Troubles);
        await engine.LastCall.PeerClosed.Within();
    }

    [Fact]
    public async Task NothingRuns_HostStopsAtOnce()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        await host.StopAsync().Within(5);
    }
}
