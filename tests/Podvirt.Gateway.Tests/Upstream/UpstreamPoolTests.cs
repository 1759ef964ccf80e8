using Microsoft.Extensions.DependencyInjection;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Tests.Upstream;

public sealed class UpstreamPoolTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EngineClosesIdleConnections_GatewayLetsGoOfThemUnasked(bool reset)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.PlainAsync().TextAsync()));
        await host.InFlightAsync(0);
        Assert.InRange(host.Dispatcher().IdleConnections, 1, 4);
        await engine.CloseIdleAsync(reset);
        await Eventually.TrueAsync(() => OpenConnections(host) == 0, "the gateway's side is closed");
        Assert.Equal(0, host.Dispatcher().IdleConnections);
    }

    [Fact]
    public async Task ConnectionIdleForLong_IsClosed()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine, options => options.IdleConnectionTimeMax = TimeSpan.FromMilliseconds(100));
        await host.PlainAsync().TextAsync();
        await Eventually.TrueAsync(() => engine.OpenConnections == 0 && OpenConnections(host) == 0, "the connection is closed");
        await host.PlainAsync().TextAsync();
        Assert.Equal(2, engine.AcceptedConnections);
    }

    [Fact]
    public async Task MoreConnectionsThanSlots_AreNotKept()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [engine], slots: 6));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => host.StreamAsync().TextAsync()));
        await host.InFlightAsync(0);
        Assert.InRange(host.Dispatcher().IdleConnections, 1, 6);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task HostStops_IdleConnectionsAreClosed()
    {
        await using var engine = new FakeEngine();
        var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync().TextAsync();
        await host.InFlightAsync(0);
        Assert.Equal(1, engine.OpenConnections);
        await host.DisposeAsync();
        await Eventually.TrueAsync(() => engine.OpenConnections == 0, "the connection is closed");
    }

    [Fact]
    public async Task ReplicaLeavesWhileItAnswers_ItsConnectionIsClosedBehindTheAnswer()
    {
        var proceed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await proceed.Task;
            await call.AnswerAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var reply = host.PlainAsync();
        await host.InFlightAsync(1);
        await host.PublishAsync(Routes.Cold("m"));
        proceed.SetResult();
        Assert.Equal(new SampleReply(true, false, false, false).Plain, await reply.TextAsync());

        // Nobody sweeps the pool of a replica that is gone.
        await Eventually.TrueAsync(() => OpenConnections(host) == 0 && engine.OpenConnections == 0, "the connection is closed");
    }

    private static int OpenConnections(GatewayHost host) => host.Services.GetRequiredService<UpstreamConnector>().OpenConnections;
}
