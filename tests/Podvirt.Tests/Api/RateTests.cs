using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

namespace Podvirt.Tests.Api;

public sealed class RateTests : IAsyncLifetime
{
    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task FilesPrice_IsTheFirstVersion()
    {
        var rate = Assert.Single((await _app.GetAsync("/api/models/qwen/q3/rates")).GetProperty("data").EnumerateArray());

        Assert.Equal((1, true), (rate.GetProperty("version").GetInt32(), rate.GetProperty("in_force").GetBoolean()));
        Assert.Equal(("0.05", "0.01", "0.20", "0.05"), (Text(rate, "prompt"), Text(rate, "cached"), Text(rate, "completion"), Text(rate, "embeddings")));
        Assert.Equal(JsonValueKind.Null, rate.GetProperty("set_by").ValueKind);
        Assert.Single((await _app.GetAsync("/api/rates")).GetProperty("data").EnumerateArray());
        Assert.Empty((await _app.GetAsync("/api/models/bge/rates")).GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task RateSetFromNow_HoldsAtOnceAndIsTheModelsPrice()
    {
        var made = await PostAsync("/api/models/qwen/q3/rates", """{"prompt":"0.1","completion":0.3,"by":"ann"}""", HttpStatusCode.Created);

        Assert.Equal((2, "ann", true), (made.GetProperty("version").GetInt32(), Text(made, "set_by"), made.GetProperty("in_force").GetBoolean()));
        Assert.Equal("0.10", Text(made, "cached"));
        Assert.Equal("0.30", Text((await _app.GetAsync("/api/models/qwen/q3")).GetProperty("price"), "completion"));
    }

    [Fact]
    public async Task RateSetForLater_WaitsForItsMoment()
    {
        var made = await PostAsync("/api/models/qwen%2Fq3/rates", """{"completion":0.3,"from":"2999-12-01T00:00:00Z"}""", HttpStatusCode.Created);

        Assert.Equal(("2999-12-01T00:00:00+00:00", "admin", false), (Text(made, "from"), Text(made, "set_by"), made.GetProperty("in_force").GetBoolean()));
        Assert.Equal("0.20", Text((await _app.GetAsync("/api/models/qwen/q3")).GetProperty("price"), "completion"));
        Assert.Equal([true, false], (await _app.GetAsync("/api/models/qwen/q3/rates")).GetProperty("data").EnumerateArray().Select(r => r.GetProperty("in_force").GetBoolean()));
    }

    [Theory]
    [InlineData("/api/models/qwen/q3/rates", "{}", "prompt")]
    [InlineData("/api/models/qwen/q3/rates", """{"prompt":-1}""", "prompt")]
    [InlineData("/api/models/qwen/q3/rates", """{"prompt":1000001}""", "prompt")]
    [InlineData("/api/models/qwen/q3/rates", """{"completion":0.0000001}""", "completion")]
    [InlineData("/api/models/qwen/q3/rates", """{"prompt":1,"from":"2020-01-01T00:00:00Z"}""", "from")]
    [InlineData("/api/models/qwen/q3/rates", """{"prompt":1,"from":"soon"}""", "from")]
    [InlineData("/api/models/qwen/q3/rerate", """{"to":"2026-01-01T00:00:00Z","rate_version":1,"reason":"x"}""", "from")]
    [InlineData("/api/models/qwen/q3/rerate", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:00Z","rate_version":1,"reason":"x"}""", "from")]
    [InlineData("/api/models/qwen/q3/rerate", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z","reason":"x"}""", "rate_version")]
    [InlineData("/api/models/qwen/q3/rerate", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z","rate_version":1,"reason":" "}""", "reason")]
    public async Task WhatCannotBe_IsRefusedByName(string path, string body, string param)
    {
        var error = (await PostAsync(path, body, HttpStatusCode.BadRequest)).GetProperty("error");

        Assert.Equal(("invalid_parameter", param), (Text(error, "code"), Text(error, "param")));
    }

    [Theory]
    [InlineData("/api/models/none/rates", """{"prompt":1}""", "model_not_found")]
    [InlineData("/api/models/qwen/q3/rerate", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z","rate_version":7,"reason":"x"}""", "rate_not_found")]
    public async Task UnknownModelOrVersion_Is404(string path, string body, string code) =>
        Assert.Equal(code, Text((await PostAsync(path, body, HttpStatusCode.NotFound)).GetProperty("error"), "code"));

    [Fact]
    public async Task UnknownModelsRates_Are404()
    {
        using var response = await _app.Client.GetAsync("/api/models/none/rates");

        Assert.Equal("model_not_found", await PodvirtApp.RefusalAsync(response, HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Rerating_IsShownFirstThenMadeAndThenListed()
    {
        var record = Usage.Record(1);
        var rate = _app.Services.GetRequiredService<RateBook>().Find("qwen/q3", 1)!;
        await _app.Services.GetRequiredService<ILedger>().AppendAsync([new RatedRecord(record, 1, rate.CostOf(record))]);
        await PostAsync("/api/models/qwen/q3/rates", """{"prompt":1,"completion":1}""", HttpStatusCode.Created);
        const string Order = """{"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","rate_version":2,"reason":"wrong price","by":"ann"}""";

        var dry = await PostAsync("/api/models/qwen/q3/rerate?dry_run=true", Order, HttpStatusCode.OK);
        Assert.Empty((await _app.GetAsync("/api/reratings")).GetProperty("data").EnumerateArray());
        var made = await PostAsync("/api/models/qwen/q3/rerate", Order, HttpStatusCode.OK);
        var again = await PostAsync("/api/models/qwen/q3/rerate", Order, HttpStatusCode.OK);

        Assert.Equal((1, Text(dry, "difference")), (made.GetProperty("records").GetInt32(), Text(made, "difference")));
        Assert.Equal(1, Assert.Single(made.GetProperty("groups").EnumerateArray()).GetProperty("old_rate_version").GetInt32());
        Assert.Equal((0, JsonValueKind.Null), (again.GetProperty("records").GetInt32(), again.GetProperty("id").ValueKind));
        var listed = Assert.Single((await _app.GetAsync("/api/reratings")).GetProperty("data").EnumerateArray());
        Assert.Equal(("ann", "wrong price", Text(made, "difference")), (Text(listed, "by"), Text(listed, "reason"), Text(listed, "difference")));
        var request = await _app.GetAsync($"/api/requests/{record.Id}");
        Assert.Equal((1, Text(made, "difference")), (request.GetProperty("rate_version").GetInt32(), Text(request, "adjustment")));
        var sum = await _app.GetAsync("/api/usage?from=2026-01-01&to=2026-02-01");
        Assert.Equal(Text(request, "cost"), Text(sum.GetProperty("total"), "cost"));
    }

    private async Task<JsonElement> PostAsync(string path, string body, HttpStatusCode status)
    {
        using var response = await _app.Client.PostAsync(path, new StringContent(body));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}

/// <summary>Usage records for tests.</summary>
internal static class Usage
{
    /// <summary>Of January 2026.</summary>
    public static UsageRecord Record(int n, string model = "qwen/q3", string project = "default") => new()
    {
        Id = new Guid(n, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8),
        Project = project,
        Key = "k",
        Model = model,
        Revision = 1,
        Surface = "chat.completions",
        Outcome = UsageOutcome.Completed,
        Status = 200,
        Tokens = new TokenCounts(1_000_000, 200_000, 300_000, 0),
        Source = UsageSource.Engine,
        StartedAt = new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero).AddSeconds(n),
        DurationUs = 1_000_000,
    };
}
