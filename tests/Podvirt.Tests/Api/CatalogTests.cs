using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Catalogs;

namespace Podvirt.Tests.Api;

public sealed class CatalogTests : IAsyncLifetime
{
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task DryRun_ShowsWhatWouldChange_AndChangesNothing_UntilItIsMeant()
    {
        var text = PodvirtApp.Yaml.Replace("memory: 20GiB", "memory: 30GiB", StringComparison.Ordinal)
            .Replace("count: 2", "count: 3", StringComparison.Ordinal)
            .Replace("- id: bge", "- id: bge2", StringComparison.Ordinal);
        var shown = await ApplyAsync(text, dryRun: true);

        var changed = Assert.Single(shown.GetProperty("changed").EnumerateArray());
        Assert.Equal(("qwen/q3", 2), (changed.GetProperty("id").GetString(), changed.GetProperty("revision").GetInt32()));
        var field = Assert.Single(changed.GetProperty("fields").EnumerateArray());
        Assert.Equal(
            ("gpu.memory_bytes", "21474836480", "32212254720"),
            (field.GetProperty("field").GetString(), field.GetProperty("from").GetString(), field.GetProperty("to").GetString()));
        Assert.Equal(("bge2", "bge"), (shown.GetProperty("added")[0].GetString(), shown.GetProperty("removed")[0].GetString()));
        Assert.StartsWith("gpus: ", shown.GetProperty("warnings").EnumerateArray().Last().GetString(), StringComparison.Ordinal);
        Assert.Equal(1, Applied());

        Assert.Equal(2, (await ApplyAsync(text, dryRun: false)).GetProperty("revision").GetInt64());
        Assert.Equal(2, Applied());
        Assert.Equal(2, (await _app.GetAsync("/api/models/qwen/q3")).GetProperty("revision").GetInt32());
        Assert.Empty((await ApplyAsync(text, dryRun: false)).GetProperty("changed").EnumerateArray());
    }

    [Fact]
    public async Task PriceAlone_KeepsTheRevision()
    {
        var shown = await ApplyAsync(PodvirtApp.Yaml.Replace("prompt: 0.05", "prompt: 0.07", StringComparison.Ordinal), dryRun: false);
        var repriced = Assert.Single(shown.GetProperty("repriced").EnumerateArray());
        Assert.Equal(1, repriced.GetProperty("revision").GetInt32());
        Assert.Equal("0.07", (await _app.GetAsync("/api/models/qwen/q3")).GetProperty("price").GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task BrokenFile_IsRefusedWithEveryError_AndNothingChanges()
    {
        using var response = await _app.Client.PostAsync(
            "/api/catalog?name=mine.yaml", new StringContent("models:\n  - { id: a, type: poem }\n  - { id: b, type: chat, engine: { kind: magic } }\n"));
        var message = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetProperty("message").GetString()!;
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("mine.yaml:2: models[0].type", message, StringComparison.Ordinal);
        Assert.Contains("mine.yaml:3: models[1].engine.kind", message, StringComparison.Ordinal);
        Assert.Equal(1, Applied());
    }

    [Fact]
    public async Task Stranger_IsRefused()
    {
        using var response = await _app.Stranger.PostAsync("/api/catalog", new StringContent(PodvirtApp.Yaml));
        Assert.Equal("admin_required", await PodvirtApp.RefusalAsync(response, HttpStatusCode.Unauthorized));
    }

    private long Applied() => _app.Services.GetRequiredService<CatalogStore>().Applied!.Revision;

    private async Task<JsonElement> ApplyAsync(string text, bool dryRun)
    {
        using var response = await _app.Client.PostAsync($"/api/catalog?dry_run={(dryRun ? "true" : "false")}", new StringContent(text));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
