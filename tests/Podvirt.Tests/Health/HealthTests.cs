using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Fleet;

namespace Podvirt.Tests.Health;

public sealed class HealthTests : IAsyncLifetime
{
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Healthz_AnswersAnybody()
    {
        using var response = await _app.Stranger.GetAsync("/healthz");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Readyz_IsReadyOnceRoutesAreThere()
    {
        var fleet = _app.Services.GetRequiredService<FleetView>();
        while (!fleet.HasRoutes)
        {
            await fleet.NextChange.WaitAsync(TimeSpan.FromSeconds(20));
        }

        using var response = await _app.Stranger.GetAsync("/readyz");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var report = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            ["state_store", "catalog", "routes", "usage_outbox", "running"],
            report.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Metrics_AreForCallersOfThisMachine_OrTheAdmin()
    {
        var metrics = await _app.Stranger.GetStringAsync("/metrics");
        Assert.Contains("\npodvirt_state_commit_duration", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("podvirt_messaging", metrics, StringComparison.Ordinal);

        using var proxied = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        proxied.Headers.Add("X-Forwarded-For", "203.0.113.9");
        using var response = await _app.Stranger.SendAsync(proxied);
        Assert.Equal("admin_required", await PodvirtApp.RefusalAsync(response, HttpStatusCode.Unauthorized));
    }
}
