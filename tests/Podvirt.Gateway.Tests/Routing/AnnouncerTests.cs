using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Routing;

/// <summary>What the gateway says on the bus holds nobody, whatever the bus does.</summary>
public sealed class AnnouncerTests
{
    [Fact]
    public async Task BusHangs_RequestsFailOverAndEndAllTheSame()
    {
        await using var dead = new FakeEngine(call => call.AnswerJsonAsync(503, "{}"));
        await using var broken = new FakeEngine(call => call.AnswerJsonAsync(500, """{"error":"no memory"}"""));
        await using var engine = new FakeEngine();
        await using var host = await StartAsync();
        await host.PublishAsync(
            Routes.Active("m", [dead, engine]), Routes.Active("b", [broken]));
        var bus = (SilencedBus)host.Bus;
        bus.Hangs = true;
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync(("X-Podvirt-Session-Id", $"s{i}")).Within()).StatusCode);
        }
        var failed = await host.Client.PostAsync(Calls.Chat, Calls.PlainBody.Replace("\"m\"", "\"b\"", StringComparison.Ordinal)).Within();
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.NotEmpty(dead.Calls);
        Assert.Empty(host.Troubles);

        // Nothing of it is lost.
        bus.Back();
        await Eventually.TrueAsync(() => host.Troubles.Count >= 2, "the troubles are told");
        Assert.Equal(["b-0", "m-0"], host.Troubles.Select(trouble => trouble.Replica).Distinct().Order());
    }

    [Fact]
    public async Task BusHangs_WhoWaitsForTheEndOfASuspensionIsReleased()
    {
        await using var engine = new FakeEngine(call => call.Number == 1 ? call.AnswerJsonAsync(503, "{}") : call.AnswerAsync());
        await using var host = await StartAsync(options => options.ReplicaSuspension = TimeSpan.FromMilliseconds(100));
        await host.PublishAsync(Routes.Active("m", [engine]));
        ((SilencedBus)host.Bus).Hangs = true;

        // The first one has it parked; those behind it come and go.
        Assert.EndsWith(Replies.Done, await host.StreamAsync().TextAsync(), StringComparison.Ordinal);
        Assert.Equal(2, engine.Calls.Count);
    }

    [Fact]
    public async Task BusHangsForLong_WhatIsTooMuchIsDroppedAndCounted()
    {
        const int More = 10;
        await using var host = await StartAsync();
        var values = new ConcurrentDictionary<string, long>();
        var mine = host.Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == GatewayMetrics.MeterName && instrument.Meter.Scope == mine)
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => values[instrument.Name] = value);
        listener.Start();

        var bus = (SilencedBus)host.Bus;
        var announcer = host.Services.GetRequiredService<Announcer>();
        bus.Hangs = true;
        announcer.Announce(Trouble(0));
        await Eventually.TrueAsync(() => bus.Hanging(Subjects.ReplicaTroubles.Name), "the first trouble hangs");
        for (var i = 1; i <= Announcer.TroublesMax + More; i++)
        {
            announcer.Announce(Trouble(i));
        }
        Assert.Equal(More, announcer.DroppedTroubles);
        listener.RecordObservableInstruments();
        Assert.Equal(More, values["podvirt.replica.troubles.dropped"]);

        bus.Back();
        await Eventually.TrueAsync(() => host.Troubles.Count == Announcer.TroublesMax + 1, "what was kept is told");
        Assert.Equal(Enumerable.Range(0, Announcer.TroublesMax + 1).Select(i => $"{i}"), host.Troubles.Select(trouble => trouble.Detail));
    }

    [Fact]
    public async Task BusHangs_OfTheReportsTheNewestWaits()
    {
        var bus = SilencedBus.Around(new ServiceCollection().AddPodvirtEmbeddedMessaging(Path.GetTempPath()));
        await using var reports = bus.Subscribe(Subjects.GatewayReports);
        using var announcer = new Announcer(bus, NullLogger<Announcer>.Instance);
        await announcer.StartAsync(CancellationToken.None);
        bus.Hangs = true;
        announcer.Announce(Report(1));
        await Eventually.TrueAsync(() => bus.Hanging(Subjects.GatewayReports.Name), "the first report hangs");
        announcer.Announce(Report(2));
        announcer.Announce(Report(3));
        bus.Back();
        var heard = new List<long>();
        await foreach (var report in reports.ReadAllAsync())
        {
            heard.Add(report.RoutesRevision);
            if (heard.Count == 2)
            {
                break;
            }
        }
        Assert.Equal([1, 3], heard);
        await announcer.StopAsync(CancellationToken.None).Within();
    }

    [Fact]
    public async Task BusHangs_ItStopsAllTheSame()
    {
        var bus = SilencedBus.Around(new ServiceCollection().AddPodvirtEmbeddedMessaging(Path.GetTempPath()));
        using var announcer = new Announcer(bus, NullLogger<Announcer>.Instance);
        await announcer.StartAsync(CancellationToken.None);
        bus.Hangs = true;
        announcer.Announce(Report(1));
        await Eventually.TrueAsync(() => bus.Hanging(Subjects.GatewayReports.Name), "the report hangs");
        await announcer.StopAsync(CancellationToken.None).Within();
    }

    private static GatewayReport Report(long revision) => new("g", 1, revision, [], []);

    private static ReplicaTrouble Trouble(int number) => new("g", "m", "m-0", TroubleKind.Died, $"{number}");

    private static Task<GatewayHost> StartAsync(Action<GatewayOptions>? configure = null) =>
        GatewayHost.StartAsync(configure, services => services.AddSingleton<IBus>(SilencedBus.Around(services)));
}
