using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Catalogs;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Tests.Fleet;
using Podvirt.Tests.Members;

namespace Podvirt.Tests.Api;

/// <summary>What members see: their own projects, whole, and nothing of others'.</summary>
public sealed class MemberScopeTests : IAsyncLifetime
{
    private const string EnginesWords = "ValueError: the prompt was a secret of theirs";

    private PodvirtApp _app = null!;
    private Browser _browser = null!;
    private string _member = "";

    public async ValueTask InitializeAsync()
    {
        _app = await PodvirtApp.StartAsync();
        await PostAsync("/api/projects", new { name = "mine" });
        await PostAsync("/api/projects", new { name = "theirs" });
        (_browser, _member) = await Browser.InviteAsync(_app, "ada@example.com", "member", "mine");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task WithOneProject_ItIsTheOneMeant()
    {
        var (mine, theirs) = (await KeyAsync("mine"), await KeyAsync("theirs"));
        await RecordAsync("mine", mine);
        await RecordAsync("theirs", theirs);

        Assert.Equal(mine, Assert.Single((await _browser.GetAsync("/api/keys")).GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(1, (await _browser.GetAsync("/api/usage")).GetProperty("total").GetProperty("requests").GetInt32());
        Assert.Equal(1, (await _browser.GetAsync("/api/usage/summary")).GetProperty("total").GetProperty("requests").GetInt32());
        Assert.Equal("mine", Assert.Single((await _browser.GetAsync("/api/usage?group=project")).GetProperty("data").EnumerateArray()).GetProperty("group").GetString());
        Assert.Equal("mine", Assert.Single((await _browser.GetAsync("/api/requests")).GetProperty("data").EnumerateArray()).GetProperty("project").GetString());
        using var csv = await _browser.SendAsync("GET", "/api/requests.csv");
        Assert.DoesNotContain("theirs", await csv.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.All((await _browser.GetAsync("/api/invoices")).GetProperty("data").EnumerateArray(), i => Assert.Equal("mine", i.GetProperty("project").GetString()));
        using var made = await _browser.SendAsync("POST", "/api/keys", new { name = "k" });
        Assert.Equal("mine", (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("key").GetProperty("project").GetString());
        Assert.Equal(2, (await _app.GetAsync("/api/usage")).GetProperty("total").GetProperty("requests").GetInt32());
    }

    [Theory]
    [InlineData("/api/keys?project=theirs", "project_not_found")]
    [InlineData("/api/keys?project=nowhere", "project_not_found")]
    [InlineData("/api/usage?project=theirs", "project_not_found")]
    [InlineData("/api/usage?key=THEIRS", "key_not_found")]
    [InlineData("/api/usage?key=0123456789ab", "key_not_found")]
    [InlineData("/api/usage?project=mine&key=THEIRS", "key_not_found")]
    [InlineData("/api/requests?key=THEIRS", "key_not_found")]
    [InlineData("/api/requests.csv?key=THEIRS", "key_not_found")]
    [InlineData("/api/usage/series?project=theirs", "project_not_found")]
    [InlineData("/api/projects/theirs/usage", "project_not_found")]
    [InlineData("/api/projects/nowhere/usage", "project_not_found")]
    [InlineData("/api/invoices?project=theirs", "project_not_found")]
    [InlineData("/api/invoices/draft-MONTH-theirs", "invoice_not_found")]
    [InlineData("/api/invoices/draft-MONTH-theirs.html", "invoice_not_found")]
    [InlineData("/api/invoices/draft-MONTH-theirs.csv", "invoice_not_found")]
    [InlineData("/api/requests/RECORD", "request_not_found")]
    public async Task WhatIsAnothersProjects_IsNotThere(string path, string code)
    {
        var theirs = await KeyAsync("theirs");
        var record = await RecordAsync("theirs", theirs);
        var month = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM", System.Globalization.CultureInfo.InvariantCulture);
        var full = path.Replace("THEIRS", theirs, StringComparison.Ordinal).Replace("MONTH", month, StringComparison.Ordinal).Replace("RECORD", record, StringComparison.Ordinal);

        Assert.Equal(code, await _browser.RefusedAsync("GET", full, HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task AnothersKey_IsAsOneThatNeverWas()
    {
        var theirs = await KeyAsync("theirs");
        foreach (var (method, path, body) in new (string, string, object?)[]
        {
            ("PATCH", "", new { name = "taken over" }), ("POST", "/rotate", new { }), ("DELETE", "", null),
        })
        {
            Assert.Equal("key_not_found", await _browser.RefusedAsync(method, $"/api/keys/{theirs}{path}", HttpStatusCode.NotFound, body));
        }
        Assert.Equal("project_not_found", await _browser.RefusedAsync("POST", "/api/keys", HttpStatusCode.NotFound, new { name = "k", project = "theirs" }));

        var key = Assert.Single((await _app.GetAsync("/api/keys?project=theirs")).GetProperty("data").EnumerateArray());
        Assert.Equal(("k", "active"), (key.GetProperty("name").GetString(), key.GetProperty("status").GetString()));
    }

    [Fact]
    public async Task WithSeveralProjects_OneHasToBeNamed()
    {
        await ChangeAsync(new { projects = new[] { "mine", "theirs" } });

        using var refused = await _browser.SendAsync("GET", "/api/usage");

        await refused.Content.LoadIntoBufferAsync();
        Assert.Equal("project_required", await PodvirtApp.RefusalAsync(refused, HttpStatusCode.BadRequest));
        Assert.Contains("mine, theirs", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await _browser.GetAsync("/api/usage?project=theirs");
        await ChangeAsync(new { projects = Array.Empty<string>() });
        Assert.Equal("no_project", await _browser.RefusedAsync("GET", "/api/usage", HttpStatusCode.Forbidden));
        Assert.Equal("project_not_found", await _browser.RefusedAsync("GET", "/api/usage?project=theirs", HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task ProjectsAndPlans_AreTheirOwn()
    {
        var catalog = PodvirtApp.Yaml + "\nplans: [{ id: small, requests_per_minute: 10 }, { id: large, requests_per_minute: 1000 }]";
        using var applied = await _app.Client.PostAsync("/api/catalog", new StringContent(catalog));
        Assert.Equal(HttpStatusCode.OK, applied.StatusCode);
        foreach (var (project, plan) in new[] { ("mine", "small"), ("theirs", "small"), ("default", "large") })
        {
            using var given = await _app.Client.PatchAsJsonAsync($"/api/projects/{project}", new { plan });
            Assert.Equal(HttpStatusCode.OK, given.StatusCode);
        }

        Assert.Equal("mine", Assert.Single((await _browser.GetAsync("/api/projects")).GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
        var seen = Assert.Single((await _browser.GetAsync("/api/plans")).GetProperty("data").EnumerateArray());
        Assert.Equal("small", seen.GetProperty("id").GetString());
        Assert.Equal(["mine"], seen.GetProperty("projects").EnumerateArray().Select(p => p.GetString()));
    }

    [Fact]
    public async Task AnEnginesWords_AreForAdmins()
    {
        using var response = await _browser.SendAsync("GET", "/api/events");
        using var admins = await _app.Client.GetAsync("/api/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        using var adminReader = new StreamReader(await admins.Content.ReadAsStreamAsync());
        await EventReading.NextAsync(reader, "fleet");
        await EventReading.NextAsync(adminReader, "fleet");
        var bus = _app.Services.GetRequiredService<IBus>();
        var model = _app.Services.GetRequiredService<CatalogStore>().Applied!.Models[0];
        var failure = new ModelFailure("model_start_failed", EnginesWords, null);
        await bus.PublishAsync(Subjects.Routes, new RouteTable(long.MaxValue, 1, [new ModelRoute { Model = model, Status = ModelStatus.Failed, Failure = failure }]));
        Assert.Contains(EnginesWords, (await EventReading.FindAsync(adminReader, "models", IsFailed)).ToString(), StringComparison.Ordinal);
        var toldOfModels = await EventReading.FindAsync(reader, "models", IsFailed);
        await bus.PublishAsync(Subjects.Transitions, Transitions.Of("a", 1) with { Cause = TransitionCause.Failure, Reason = EnginesWords });

        Assert.Equal(EnginesWords, (await EventReading.NextAsync(adminReader, "transition")).GetProperty("reason").GetString());
        var told = new[]
        {
            toldOfModels, await EventReading.NextAsync(reader, "transition"), await _browser.GetAsync("/api/models"),
            await _browser.GetAsync("/api/models/qwen/q3"), await _browser.GetAsync("/api/transitions"),
        };
        Assert.All(told, json => Assert.DoesNotContain("secret", json.ToString(), StringComparison.Ordinal));
        var shown = (await _browser.GetAsync("/api/models/qwen/q3")).GetProperty("failure");
        Assert.Equal("model_start_failed", shown.GetProperty("code").GetString());
        Assert.Equal(0, shown.GetProperty("log_tail").GetArrayLength());
        Assert.Contains(EnginesWords, (await _app.GetAsync("/api/transitions")).ToString(), StringComparison.Ordinal);

        static bool IsFailed(JsonElement list) => list.GetProperty("data")[0].GetProperty("status").GetString() == "Failed";
    }

    [Fact]
    public async Task CountsOverAllProjects_AreForAdmins()
    {
        await RecordAsync("theirs", await KeyAsync("theirs"));

        Assert.All((await _browser.GetAsync("/api/models")).GetProperty("data").EnumerateArray(), m => Assert.Equal(JsonValueKind.Null, m.GetProperty("requests_total").ValueKind));
        Assert.All((await _app.GetAsync("/api/models")).GetProperty("data").EnumerateArray(), m => Assert.Equal(JsonValueKind.Number, m.GetProperty("requests_total").ValueKind));
    }

    [Theory]
    [InlineData("""{"disabled":true}""")]
    [InlineData("""{"projects":["theirs"]}""")]
    [InlineData("""{"role":"admin"}""")]
    public async Task AStreamOfEvents_EndsWithTheRightsItWasBegunWith(string change)
    {
        using var response = await _browser.SendAsync("GET", "/api/events");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await EventReading.NextAsync(reader, "fleet");
        await ChangeAsync(new { name = "Ada L." });

        await ChangeAsync(JsonElement.Parse(change));

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await reader.ReadToEndAsync(patience.Token);
    }

    [Fact]
    public async Task AStreamOfEvents_EndsWithASignOut()
    {
        using var response = await _browser.SendAsync("GET", "/api/events");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await EventReading.NextAsync(reader, "fleet");

        using var signedOut = await _browser.SendAsync("DELETE", "/api/session");
        Assert.Equal(HttpStatusCode.NoContent, signedOut.StatusCode);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await reader.ReadToEndAsync(patience.Token);
    }

    private async Task<string> KeyAsync(string project) =>
        (await PostAsync("/api/keys", new { name = "k", project })).GetProperty("key").GetProperty("id").GetString()!;

    private async Task<string> RecordAsync(string project, string key)
    {
        var now = TimeProvider.System.GetUtcNow();
        var record = new UsageRecord
        {
            Id = Guid.CreateVersion7(now),
            Project = project,
            Key = key,
            Model = "bge",
            Revision = 1,
            Surface = "embeddings",
            Outcome = UsageOutcome.Completed,
            Status = 200,
            StartedAt = now.AddSeconds(-1),
            DurationUs = 1000,
        };
        await _app.Services.GetRequiredService<ILedger>().AppendAsync([new RatedRecord(record, 0, Cost.Zero)]);
        return record.Id.ToString();
    }

    private async Task ChangeAsync(object change)
    {
        using var response = await _app.Client.PatchAsJsonAsync($"/api/members/{_member}", change);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private async Task<JsonElement> PostAsync(string path, object body)
    {
        using var response = await _app.Client.PostAsJsonAsync(path, body);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
