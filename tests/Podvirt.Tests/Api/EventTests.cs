using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Catalogs;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Fleet;
using Podvirt.Messaging;
using Podvirt.Tests.Fleet;

namespace Podvirt.Tests.Api;

public sealed class EventTests : IAsyncLifetime
{
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task AListener_GetsTheListAtOnce_AndAgainWhenAModelChanges()
    {
        using var response = await _app.Client.GetAsync("/api/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("Cold", StatusOf(await ReadAsync(reader, "models")));
        while ((await ReadAsync(reader, "fleet")).GetProperty("gpus").GetArrayLength() != 2)
        {
            // The scheduler has not spoken yet.
        }

        await PublishAsync(ModelStatus.WarmingUp, revision: 1);

        // Lists made for other reasons may come in between.
        while (StatusOf(await ReadAsync(reader, "models")) != "Warming Up")
        {
        }
    }

    [Fact]
    public async Task Demand_IsShown()
    {
        using var response = await _app.Client.GetAsync("/api/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await ReadAsync(reader, "models");

        await _app.Services.GetRequiredService<IBus>().PublishAsync(
            Subjects.GatewayReports, new GatewayReport("g", 1, 1, [new ModelDemand("qwen/q3", 3, 100, 2)], []));

        JsonElement model;
        do
        {
            model = (await ReadAsync(reader, "models")).GetProperty("data")[0];
        }
        while (model.GetProperty("waiting").GetInt32() == 0);
        Assert.Equal((3, 2), (model.GetProperty("waiting").GetInt32(), model.GetProperty("in_flight").GetInt32()));
    }

    [Fact]
    public async Task Transitions_AreToldOneByOne()
    {
        using var response = await _app.Client.GetAsync("/api/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await ReadAsync(reader, "fleet");
        var bus = _app.Services.GetRequiredService<IBus>();
        await bus.PublishAsync(Subjects.Transitions, Transitions.Of("a", 1));
        await bus.PublishAsync(Subjects.Transitions, Transitions.Of("a", 2));

        Assert.Equal("r1", (await ReadAsync(reader, "transition")).GetProperty("replica").GetString());
        Assert.Equal("r2", (await ReadAsync(reader, "transition")).GetProperty("replica").GetString());
    }

    [Fact]
    public async Task OneListenerTooMany_IsRefused()
    {
        var feed = _app.Services.GetRequiredService<EventFeed>();
        var places = new List<IDisposable>();
        while (feed.Join(isAdmin: true, out var place) is not null)
        {
            places.Add(place);
        }

        using (var refused = await _app.Client.GetAsync("/api/events"))
        {
            Assert.Equal("too_many_listeners", await PodvirtApp.RefusalAsync(refused, HttpStatusCode.ServiceUnavailable));
        }
        places[0].Dispose();
        using var accepted = await _app.Client.GetAsync("/api/events", HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(EventFeed.ListenersMax, places.Count);
        Assert.Equal(HttpStatusCode.OK, accepted.StatusCode);
    }

    private async Task PublishAsync(ModelStatus status, long revision)
    {
        var model = _app.Services.GetRequiredService<CatalogStore>().Applied!.Models[0];
        var table = new RouteTable(long.MaxValue, revision, [new ModelRoute { Model = model, Status = status }]);
        await _app.Services.GetRequiredService<IBus>().PublishAsync(Subjects.Routes, table);
    }

    private static string? StatusOf(JsonElement list) => list.GetProperty("data")[0].GetProperty("status").GetString();

    private static Task<JsonElement> ReadAsync(StreamReader reader, string name) => EventReading.NextAsync(reader, name);
}
