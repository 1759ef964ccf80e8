using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests;

public sealed class RouteDirectoryTests
{
    [Fact]
    public async Task TableUnusable_LastGoodOneStaysInForce()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.MayLogErrors = true;
        var bad = Routes.Active("m", [engine]);
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 50, [bad with { Replicas = [Routes.Replica("bad", "nowhere")] }]));
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 51, [Routes.Cold("m"), Routes.Cold("m")]));
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 52, [bad]));
        await Eventually.TrueAsync(() => host.Services.GetRequiredService<RouteDirectory>().Table.Revision == 52, "the good table is applied");
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
    }

    [Fact]
    public async Task TableOlderThanTheOneInForce_IsIgnored_ANewerEpochWins()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(2, 7, [Routes.Cold("a")]));
        var directory = host.Services.GetRequiredService<RouteDirectory>();
        await Eventually.TrueAsync(() => directory.Table.Epoch == 2, "the table is applied");
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 99, [Routes.Cold("b")]));
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(2, 6, [Routes.Cold("c")]));
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(3, 1, [Routes.Cold("d")]));
        await Eventually.TrueAsync(() => directory.Table.Epoch == 3, "the table of the newer epoch is applied");
        Assert.True(directory.TryFind("d", out _));
        Assert.False(directory.TryFind("a", out _));
    }

    [Fact]
    public async Task BusDown_RequestsAreServedAllTheSame()
    {
        await using var dead = new FakeEngine();
        dead.StopListening();
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(services: services => services.AddSingleton<IBus>(SilencedBus.Around(services)));
        await host.PublishAsync(Routes.Active("m", [dead, engine]));
        ((SilencedBus)host.Bus).IsDown = true;
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync(("X-Podvirt-Session-Id", $"s{i}"))).StatusCode);
        }
        await host.Outbox.AllAsync(12);

        // The reports go on once it is back.
        ((SilencedBus)host.Bus).IsDown = false;
        var reported = host.Reports.Count;
        await Eventually.TrueAsync(() => host.Reports.Count > reported, "the gateway reports again");
    }

    [Fact]
    public async Task DemandAfterAQuietTime_IsReportedWithoutAnyTimePassing()
    {
        var clock = new Clock();
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(services: clock.Replace);
        await host.PublishAsync(Routes.Cold("m"));
        await clock.UntilAsync(() => host.Reports.Any(report => report.RoutesRevision == 1), "the table is confirmed");
        clock.Advance(TimeSpan.FromMilliseconds(500));

        var call = host.PlainAsync();
        await Eventually.TrueAsync(() => host.Reports.Any(report => report.Models is [{ Waiting: 1 }]), "the demand is reported");
        await host.PublishAsync(Routes.Active("m", [engine]));
        Assert.Equal(HttpStatusCode.OK, (await call).StatusCode);
    }

    [Fact]
    public async Task ModelLeavesTheCatalogWhileItStreams_ItsReplicaIsReportedBusyUntilTheStreamEnds()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 1));
            await go.Task;
            await call.SendChunkAsync(Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("\"a\"");
        await host.PublishAsync(Routes.Cold("other"));
        await Eventually.TrueAsync(() => host.Reports.Any(r => r.RoutesRevision == 2), "the new table is reported");
        Assert.All(
            host.Reports.Where(r => r.RoutesRevision == 2),
            r => Assert.True(r is { Models: [{ Model: "m", InFlight: 1, Waiting: 0 }], Replicas: [{ Replica: "m-0", InFlight: 1 }] }));

        // Other tables come and go; it comes back, and leaves again.
        await host.PublishAsync(Routes.Cold("other"), Routes.Cold("third"));
        await host.PublishAsync(Routes.Active("m", [engine]));
        await host.PublishAsync(Routes.Cold("other"));
        await Eventually.TrueAsync(() => host.Reports.Any(r => r.RoutesRevision == 5), "the last table is reported");
        Assert.All(host.Reports.Where(r => r.RoutesRevision >= 2), r => Assert.Equal(1, r.Replicas.Sum(load => load.InFlight)));

        go.SetResult();
        await stream.ReadUntilAsync("[DONE]");
        await Eventually.TrueAsync(() => host.Reports.Last() is { Models: [], Replicas: [] }, "nothing is reported any more");
        await host.PublishAsync(Routes.Cold("other"), Routes.Cold("third"));
        Assert.Equal(["other", "third"], host.Services.GetRequiredService<RouteDirectory>().GetParking().Select(model => model.Model).Order());
    }

    [Fact]
    public async Task Parking_IsMeteredByModel()
    {
        var values = new System.Collections.Concurrent.ConcurrentDictionary<string, long>();
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(options => options.ParkedRequestsMax = 2);
        var mine = host.Services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == GatewayMetrics.MeterName && instrument.Meter.Scope == mine)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            values[$"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => tag.Value))}"] = value);
        listener.Start();

        await host.PublishAsync(Routes.Cold("m"));
        var parked = new[] { host.PlainAsync(), host.PlainAsync() };
        await host.WaitingAsync(2);
        await host.PlainAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        listener.RecordObservableInstruments();
        Assert.Equal((2, 1), (values["podvirt.requests.parked m"], values["podvirt.parking.ends m turned_away"]));
        Assert.InRange(values["podvirt.requests.parked.bytes m"], 2 * 32, 2 * 256);

        await host.PublishAsync(Routes.Active("m", [engine]));
        await Task.WhenAll(parked).Within();
        await host.InFlightAsync(0);
        listener.RecordObservableInstruments();
        Assert.Equal((0, 2), (values["podvirt.requests.parked m"], values["podvirt.parking.ends m granted"]));
    }

    // A change of load alone: the scheduler hears of many at once, not of each.
    [Fact]
    public async Task RequestsComeAndGo_ReportsAreFewerThanTheyAre()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 200; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        }
        await host.InFlightAsync(0);
        var tenths = TimeProvider.System.GetElapsedTime(began).TotalMilliseconds / 100;
        Assert.InRange(host.Reports.Count, 1, tenths + 20);
        await Eventually.TrueAsync(() => host.Reports.Last() is { Models: [], Replicas: [] }, "the end is reported");
    }
}
