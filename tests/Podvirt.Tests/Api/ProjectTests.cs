using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Tests.Api;

/// <summary>Projects, plans, and the keys that belong to them.</summary>
public sealed class ProjectTests : IAsyncLifetime
{
    private const string Plans = """

        plans:
          - id: free
            tokens_per_month: { default: 1000, qwen/q3: 200 }
        """;

    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task Project_IsMadeRenamedPlannedArchivedAndRestored()
    {
        await ApplyPlansAsync();
        var made = await SendAsync(HttpMethod.Post, "/api/projects", """{"name":"Acme Ltd","plan":"free"}""", HttpStatusCode.Created);
        Assert.Equal(("acme-ltd", "free"), (Text(made, "id"), Text(made, "plan")));
        Assert.Equal("project_exists", await RefusedAsync(HttpMethod.Post, "/api/projects", """{"name":"acme ltd"}""", HttpStatusCode.Conflict));

        var changed = await SendAsync(HttpMethod.Patch, "/api/projects/acme-ltd", """{"name":"Acme"}""");
        Assert.Equal(("Acme", "free"), (Text(changed, "name"), Text(changed, "plan")));
        Assert.Equal("unlimited", Text(await SendAsync(HttpMethod.Patch, "/api/projects/acme-ltd", """{"plan":"unlimited"}"""), "plan"));
        Assert.NotNull(Text(await SendAsync(HttpMethod.Post, "/api/projects/acme-ltd/archive", "{}"), "archived_at"));
        Assert.Equal("project_not_found", await RefusedAsync(HttpMethod.Post, "/api/keys", """{"name":"k","project":"acme-ltd"}""", HttpStatusCode.NotFound));
        Assert.Null(Text(await SendAsync(HttpMethod.Post, "/api/projects/acme-ltd/restore", "{}"), "archived_at"));

        var list = await _app.GetAsync("/api/projects");
        Assert.Equal(["default", "acme-ltd"], list.GetProperty("data").EnumerateArray().Select(p => Text(p, "id")));
        var plan = Assert.Single((await _app.GetAsync("/api/plans")).GetProperty("data").EnumerateArray());
        Assert.Equal(200, plan.GetProperty("tokens_per_month").GetProperty("models").GetProperty("qwen/q3").GetInt64());
    }

    [Theory]
    [InlineData("POST", "/api/projects", """{"name":""}""", 400, "invalid_name")]
    [InlineData("POST", "/api/projects", """{"name":"ÄÖ"}""", 400, "invalid_id")]
    [InlineData("POST", "/api/projects", """{"name":"a","id":"No"}""", 400, "invalid_id")]
    [InlineData("POST", "/api/projects", """{"name":"a","plan":"none"}""", 404, "plan_not_found")]
    [InlineData("PATCH", "/api/projects/default", """{"plan":"none"}""", 404, "plan_not_found")]
    [InlineData("PATCH", "/api/projects/none", """{"name":"a"}""", 404, "project_not_found")]
    [InlineData("PATCH", "/api/projects/default", """{"name":5}""", 400, "invalid_json")]
    [InlineData("POST", "/api/projects/default/archive", "{}", 409, "default_project")]
    [InlineData("GET", "/api/projects/none/usage", null, 404, "project_not_found")]
    [InlineData("POST", "/api/keys", """{"name":"a","project":"none"}""", 404, "project_not_found")]
    [InlineData("POST", "/api/keys", """{"name":"a","models":["none"]}""", 400, "unknown_model")]
    [InlineData("POST", "/api/keys", """{"name":"a","models":[]}""", 400, "invalid_models")]
    [InlineData("POST", "/api/keys", """{"name":"a","requests_per_minute":0}""", 400, "invalid_rate")]
    [InlineData("POST", "/api/keys", """{"name":"a","tokens_per_minute":1.5}""", 400, "invalid_json")]
    [InlineData("POST", "/api/keys", """{"name":"a","monthly_budget":"-1"}""", 400, "invalid_budget")]
    [InlineData("POST", "/api/keys", """{"name":"a","monthly_budget":"0.0000000000001"}""", 400, "invalid_budget")]
    [InlineData("POST", "/api/keys", """{"name":"a","budget":"1"}""", 400, "unknown_member")]
    [InlineData("POST", "/api/keys", "[]", 400, "invalid_json")]
    [InlineData("PATCH", "/api/keys/000000000000", """{"name":"a"}""", 404, "key_not_found")]
    [InlineData("POST", "/api/keys/000000000000/rotate", "{}", 404, "key_not_found")]
    [InlineData("POST", "/api/keys/000000000000/rotate", """{"overlap":"31d"}""", 400, "invalid_overlap")]
    public async Task WhatCannotBe_IsRefused(string method, string path, string? body, int status, string code) =>
        Assert.Equal(code, await RefusedAsync(new HttpMethod(method), path, body, (HttpStatusCode)status));

    [Fact]
    public async Task Key_KeepsItsLimits_AndAnUpdateChangesOnlyWhatItSays()
    {
        var made = await SendAsync(
            HttpMethod.Post, "/api/keys",
            """{"name":"ci","models":["bge","bge"],"requests_per_minute":60,"tokens_per_minute":1000,"monthly_budget":"0.50"}""", HttpStatusCode.Created);
        var id = Text(made.GetProperty("key"), "id");
        var changed = await SendAsync(HttpMethod.Patch, $"/api/keys/{id}", """{"tokens_per_minute":null,"name":"ci2","expires_in":"1d"}""");
        Assert.Equal(("ci2", 60, "0.50", "0.000000000000"), (
            Text(changed, "name"), changed.GetProperty("requests_per_minute").GetInt32(), Text(changed, "monthly_budget"), Text(changed, "spent_this_month")));
        Assert.Equal(JsonValueKind.Null, changed.GetProperty("tokens_per_minute").ValueKind);
        Assert.Equal("bge", Assert.Single(changed.GetProperty("models").EnumerateArray()).GetString());
        Assert.NotNull(Text(changed, "expires_at"));
        Assert.Null(Text(await SendAsync(HttpMethod.Patch, $"/api/keys/{id}", """{"models":null,"expires_in":null}"""), "expires_at"));

        Assert.Equal("fixed_project", await RefusedAsync(HttpMethod.Patch, $"/api/keys/{id}", """{"project":"default"}""", HttpStatusCode.BadRequest));
        using (await _app.Client.DeleteAsync($"/api/keys/{id}"))
        {
            Assert.Equal("key_revoked", await RefusedAsync(HttpMethod.Patch, $"/api/keys/{id}", """{"name":"x"}""", HttpStatusCode.Conflict));
            Assert.Equal("key_revoked", await RefusedAsync(HttpMethod.Post, $"/api/keys/{id}/rotate", "{}", HttpStatusCode.Conflict));
        }
    }

    [Fact]
    public async Task RotatedKey_WorksWithBothSecrets_UntilTheOverlapIsTakenAway()
    {
        var made = await SendAsync(HttpMethod.Post, "/api/keys", """{"name":"ci"}""", HttpStatusCode.Created);
        var id = Text(made.GetProperty("key"), "id");
        var old = Text(made, "secret")!;
        var rotated = await SendAsync(HttpMethod.Post, $"/api/keys/{id}/rotate", """{"overlap":"24h"}""");
        var renewed = Text(rotated, "secret")!;
        Assert.NotEqual(old, renewed);
        Assert.Single(rotated.GetProperty("key").GetProperty("retiring").EnumerateArray());
        await UntilAsync(renewed, HttpStatusCode.OK);
        await UntilAsync(old, HttpStatusCode.OK);

        var last = Text(await SendAsync(HttpMethod.Post, $"/api/keys/{id}/rotate", """{"overlap":"0s"}"""), "secret")!;
        await UntilAsync(last, HttpStatusCode.OK);
        await UntilAsync(old, HttpStatusCode.Unauthorized);
        await UntilAsync(renewed, HttpStatusCode.Unauthorized);

        for (var i = 0; i < 4; i++)
        {
            await SendAsync(HttpMethod.Post, $"/api/keys/{id}/rotate", "{}");
        }
        Assert.Equal("too_many_secrets", await RefusedAsync(HttpMethod.Post, $"/api/keys/{id}/rotate", "{}", HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task UsageOfAProject_ShowsUsedAndLimitByModel()
    {
        await ApplyPlansAsync();
        await SendAsync(HttpMethod.Patch, "/api/projects/default", """{"plan":"free"}""");
        var now = DateTimeOffset.UtcNow;
        await AppendAsync("qwen/q3", now, 30, 12, new Cost(5));
        await AppendAsync("gone", now, 1, 1, new Cost(2));
        await AppendAsync("bge", now.AddMonths(-1).AddDays(-1), 100, 0, new Cost(1));

        var usage = await _app.GetAsync("/api/projects/default/usage");
        Assert.Equal(("free", "0.000000000007"), (Text(usage, "plan"), Text(usage, "cost")));
        Assert.Equal(
            [("qwen/q3", 42L, 200L), ("bge", 0, 1000), ("gone", 2, 1000)],
            usage.GetProperty("models").EnumerateArray().Select(m => (Text(m, "model"), m.GetProperty("used").GetInt64(), m.GetProperty("limit").GetInt64())));
        Assert.Equal(1, usage.GetProperty("from").GetDateTimeOffset().Day);
        Assert.Equal(usage.GetProperty("from").GetDateTimeOffset().AddMonths(1), usage.GetProperty("to").GetDateTimeOffset());
    }

    [Fact]
    public async Task Apply_ShowsTheDifferenceOfPlans()
    {
        var applied = await SendTextAsync("/api/catalog?dry_run=true", PodvirtApp.Yaml + Plans);
        Assert.Equal("free", Assert.Single(applied.GetProperty("plans").GetProperty("added").EnumerateArray()).GetString());
        Assert.Empty((await _app.GetAsync("/api/plans")).GetProperty("data").EnumerateArray());
        await ApplyPlansAsync();
        var changed = await SendTextAsync("/api/catalog?dry_run=true", (PodvirtApp.Yaml + Plans).Replace("default: 1000", "default: 5", StringComparison.Ordinal));
        var plan = Assert.Single(changed.GetProperty("plans").GetProperty("changed").EnumerateArray());
        Assert.Equal("tokens_per_month.default", Text(plan.GetProperty("fields")[0], "field"));
    }

    private Task<JsonElement> ApplyPlansAsync() => SendTextAsync("/api/catalog", PodvirtApp.Yaml + Plans);

    private async Task<JsonElement> SendTextAsync(string path, string text)
    {
        using var response = await _app.Client.PostAsync(path, new StringContent(text));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await _app.Client.SendAsync(new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") });
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"{(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    private async Task<string?> RefusedAsync(HttpMethod method, string path, string? body, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using var response = await _app.Client.SendAsync(request);
        return await PodvirtApp.RefusalAsync(response, status);
    }

    // A gateway hears of a key within milliseconds.
    private async Task UntilAsync(string secret, HttpStatusCode status)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        HttpStatusCode last;
        do
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
            request.Headers.Authorization = new("Bearer", secret);
            using var response = await _app.Stranger.SendAsync(request, patience.Token);
            last = response.StatusCode;
        }
        while (last != status);
    }

    private ValueTask AppendAsync(string model, DateTimeOffset at, long prompt, long completion, Cost cost) =>
        _app.Services.GetRequiredService<ILedger>().AppendAsync([new RatedRecord(
            new UsageRecord
            {
                Id = Guid.CreateVersion7(at),
                Project = "default",
                Key = "k",
                Model = model,
                Revision = 1,
                Surface = "chat.completions",
                Outcome = UsageOutcome.Completed,
                Status = 200,
                Tokens = new TokenCounts(prompt, 0, completion, 0),
                Source = UsageSource.Engine,
                StartedAt = at,
                DurationUs = 0,
            },
            1, cost)]);

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
