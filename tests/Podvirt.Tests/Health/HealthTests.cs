using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Fleet;
using Podvirt.Health;
using Podvirt.Scheduler;

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
            ["state_store", "catalog", "routes", "attached", "usage_outbox", "running"],
            report.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData(SchedulerRole.Standby, "box-1/7", null, "standby; box-1/7 leads, epoch 4")]
    [InlineData(SchedulerRole.Standby, "", null, "standby; none leads")]
    [InlineData(SchedulerRole.Standby, "", "no route to the store", "standby; no route to the store")]
    [InlineData(SchedulerRole.Leader, "box-1/8", null, "leads, epoch 4")]
    public async Task Readyz_SaysWhichOfSeveralSchedulersItIs(SchedulerRole role, string leader, string? problem, string detail)
    {
        var status = new SchedulerStatus(role, default, 4, leader, IsAlone: false, problem);
        var check = (await ActivatorUtilities.CreateInstance<Readiness>(_app.Services, new Fixed(status))
            .CheckAsync(CancellationToken.None)).Checks.Single(c => c.Name == "scheduler");
        Assert.Equal((true, detail), (check.Ok, check.Detail));
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

    private sealed class Fixed(SchedulerStatus status) : ISchedulerStatus
    {
        public SchedulerStatus Current => status;
    }
}
