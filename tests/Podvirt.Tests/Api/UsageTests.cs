using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

namespace Podvirt.Tests.Api;

/// <summary>What the API says of usage records that stand on the ledger.</summary>
public sealed class UsageTests : IAsyncLifetime
{
    private static readonly DateTimeOffset s_noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync() => _app = await PodvirtApp.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task LastHour_IsSummedInAllAndByModel()
    {
        var now = TimeProvider.System.GetUtcNow();
        await AppendAsync(
            Rated(1, now.AddMinutes(-5)) with { Cost = new Cost(7) },
            Rated(2, now.AddMinutes(-20), r => r with { Model = "bge", ColdStart = false, ParkedUs = 0, FirstTokenUs = null }),
            Rated(3, now.AddMinutes(-70)));

        var summary = await _app.GetAsync("/api/usage/summary?window=1h");

        Assert.Equal(["bge", "qwen/q3"], summary.GetProperty("data").EnumerateArray().Select(d => d.GetProperty("model").GetString()));
        var total = summary.GetProperty("total");
        Assert.Equal((2, 200, "0.000000001007"), (total.GetProperty("requests").GetInt32(), total.GetProperty("prompt_tokens").GetInt32(), total.GetProperty("cost").GetString()));
        Assert.Equal((1, 2_000_000L, 0.5), (
            total.GetProperty("cold_starts").GetProperty("count").GetInt32(), total.GetProperty("cold_starts").GetProperty("waited_us").GetInt64(),
            total.GetProperty("cold_starts").GetProperty("share").GetDouble()));
        Assert.InRange(total.GetProperty("latency_us").GetProperty("p95").GetInt64(), 4_900_000, 5_100_000);
        Assert.Equal(1, total.GetProperty("first_token_us").GetProperty("count").GetInt32());
        Assert.Equal(3, (await _app.GetAsync("/api/usage/summary")).GetProperty("total").GetProperty("requests").GetInt32());
        Assert.Equal(0, (await _app.GetAsync("/api/usage/summary?project=none")).GetProperty("total").GetProperty("requests").GetInt32());
    }

    [Fact]
    public async Task GpuTime_IsSummedByUse()
    {
        GpuInterval Of(string replica, GpuUse use, int hour, int seconds, int gpus) =>
            new("qwen/q3", 2, replica, use, gpus, s_noon.AddHours(hour), s_noon.AddHours(hour).AddSeconds(seconds));
        await _app.Services.GetRequiredService<ILedger>().AppendGpuTimeAsync(
            [Of("a", GpuUse.Warming, 0, 10, 2), Of("a", GpuUse.Active, 1, 100, 2), Of("b", GpuUse.Sleeping, 1, 7, 1)]);

        async Task<List<(string? Replica, string? Hour, long Active, long Warming, long Sleeping)>> SumAsync(string query) =>
            [.. (await _app.GetAsync($"/api/usage/gpu-time?from=2026-01-01&to=2026-01-02{query}")).GetProperty("data").EnumerateArray().Select(row => (
                row.GetProperty("replica").GetString(), row.GetProperty("hour").GetString(), row.GetProperty("active_us").GetInt64(),
                row.GetProperty("warming_us").GetInt64(), row.GetProperty("sleeping_us").GetInt64()))];

        Assert.Equal([(null, null, 200_000_000, 20_000_000, 7_000_000)], await SumAsync(""));
        Assert.Equal([("a", null, 200_000_000, 20_000_000, 0), ("b", null, 0, 0, 7_000_000)], (await SumAsync("&group=replica")).Order());
        Assert.Equal(
            [(null, "2026-01-01T12:00:00+00:00", 0, 20_000_000, 0), (null, "2026-01-01T13:00:00+00:00", 200_000_000, 0, 7_000_000)],
            await SumAsync("&group=hour&model=qwen/q3"));
        Assert.Empty(await SumAsync("&model=other"));
    }

    [Fact]
    public async Task Series_HasAPointForEveryStep()
    {
        await AppendAsync(Rated(1, s_noon), Rated(2, s_noon.AddHours(2), r => r with { Revision = 2 }));

        var series = await _app.GetAsync("/api/usage/series?group=revision&from=2026-01-01T11:30:00Z&to=2026-01-01T15:00:00Z");

        Assert.Equal("2026-01-01T11:00:00+00:00", series.GetProperty("from").GetString());
        var data = series.GetProperty("data").EnumerateArray().ToList();
        Assert.Equal([1, 2], data.Select(d => d.GetProperty("revision").GetInt32()));
        Assert.Equal([0, 1, 0, 0], Requests(data[0]));
        Assert.Equal([0, 0, 0, 1], Requests(data[1]));
        Assert.Equal([0, 0], Requests(Assert.Single((await _app.GetAsync("/api/usage/series?from=2026-02-01&to=2026-02-01T02:00:00Z")).GetProperty("data").EnumerateArray())));

        static IEnumerable<int> Requests(JsonElement one) => one.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("figures").GetProperty("requests").GetInt32());
    }

    [Fact]
    public async Task Swap_IsShownWithWhatItChanged()
    {
        await AppendAsync(
            Rated(1, s_noon), Rated(2, s_noon.AddHours(2), r => r with { Revision = 2, StartedAt = r.StartedAt.AddSeconds(4), DurationUs = 1_000_000 }),
            Rated(3, s_noon, r => r with { Model = "bge" }));

        var swap = Assert.Single((await _app.GetAsync("/api/usage/swaps?from=2026-01-01&to=2026-01-02")).GetProperty("data").EnumerateArray());

        Assert.Equal(("qwen/q3", 1, 2), (swap.GetProperty("model").GetString(), swap.GetProperty("from_revision").GetInt32(), swap.GetProperty("to_revision").GetInt32()));
        Assert.Equal(s_noon.AddHours(2), swap.GetProperty("at").GetDateTimeOffset());
        Assert.Equal([5_000_000, 1_000_000], ((string[])["before", "after"]).Select(w => swap.GetProperty(w).GetProperty("latency_us").GetProperty("average").GetDouble()));
    }

    [Theory]
    [InlineData("hour", "2026-01-01T14:00:00Z", "2026-01-01T15:00:00Z", "2026-01-01T14:00:00Z")]
    [InlineData("minute", "2026-01-01T14:05:00Z", "2026-01-01T15:00:00Z", "2026-01-01T14:10:00Z")]
    [InlineData("minute", "2026-01-01T14:11:00Z", "2026-01-01T15:00:00Z", null)]
    [InlineData("hour", "2026-01-01T15:00:00Z", "2026-01-01T16:00:00Z", null)]
    public async Task SwapOfARestedModel_IsShownWhereTheNewRevisionBegan(string step, string from, string to, string? at)
    {
        await AppendAsync(
            Rated(1, s_noon),
            Rated(2, s_noon.AddMinutes(130), r => r with { Revision = 2 }), Rated(3, s_noon.AddMinutes(140), r => r with { Revision = 2 }));

        var swaps = (await _app.GetAsync($"/api/usage/swaps?step={step}&from={from}&to={to}")).GetProperty("data").EnumerateArray().ToList();

        Assert.Equal(at is null ? [] : [DateTimeOffset.Parse(at, CultureInfo.InvariantCulture)], swaps.Select(s => s.GetProperty("at").GetDateTimeOffset()));
        Assert.All(swaps, s => Assert.Equal((1, 2), (Requests(s, "before"), Requests(s, "after"))));

        static int Requests(JsonElement swap, string when) => swap.GetProperty(when).GetProperty("requests").GetInt32();
    }

    [Fact]
    public async Task Pages_GoOnWhereTheLastOneEnded_WhateverArrives()
    {
        await AppendAsync([.. Enumerable.Range(0, 5).Select(n => Rated(n, s_noon.AddMinutes(n)))]);
        const string Query = "/api/requests?from=2026-01-01&to=2026-01-02&limit=2";

        var first = await _app.GetAsync(Query);
        await AppendAsync(Rated(9, s_noon.AddMinutes(9)));
        var second = await _app.GetAsync($"{Query}&after={first.GetProperty("next").GetString()}");
        var third = await _app.GetAsync($"{Query}&after={second.GetProperty("next").GetString()}");

        Assert.Equal([4, 3, 2, 1, 0], ((JsonElement[])[first, second, third]).SelectMany(p => p.GetProperty("data").EnumerateArray()).Select(r => (int)r.GetProperty("queued_us").GetInt64() - 2_000_000));
        Assert.Equal(JsonValueKind.Null, third.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task EmptyKey_IsWhatCameWithoutOne()
    {
        await AppendAsync(Rated(1, s_noon, r => r with { Key = "" }), Rated(2, s_noon), Rated(3, s_noon));

        async Task<int> RequestsAsync(string query) =>
            (await _app.GetAsync($"/api/usage?from=2026-01-01&to=2026-01-02{query}")).GetProperty("total").GetProperty("requests").GetInt32();

        Assert.Equal((1, 2, 3), (await RequestsAsync("&key="), await RequestsAsync("&key=k"), await RequestsAsync("")));
        Assert.Equal("", Assert.Single((await _app.GetAsync("/api/requests?from=2026-01-01&to=2026-01-02&key=")).GetProperty("data").EnumerateArray()).GetProperty("key").GetString());
    }

    [Fact]
    public async Task Csv_IsQuotedSafeAndInOrder()
    {
        await AppendAsync(
            Rated(2, s_noon.AddMinutes(2), r => r with { Project = "=cmd|' /C calc'!A0", Key = "a,\"b\"\n" }),
            Rated(1, s_noon.AddMicroseconds(1)) with { Cost = new Cost((Int128)12 * 1_000_000_000_000) });

        using var response = await _app.Client.GetAsync("/api/requests.csv?from=2026-01-01&to=2026-01-02");
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("id,project,key,", text, StringComparison.Ordinal);
        var rows = text.Split("\r\n");
        Assert.Equal((4, ""), (rows.Length, rows[3]));
        Assert.EndsWith(
            ",default,k,qwen/q3,1,,chat.completions,completed,200,,false,true,engine,100,40,10,3,0,2026-01-01T11:59:55.000001Z,2026-01-01T12:00:00.000001Z,"
            + "2000001,2000000,3000000,5000000,1,12.000000000000,0.000000000000",
            rows[1], StringComparison.Ordinal);
        Assert.Contains(",\"'=cmd|' /C calc'!A0\",\"a,\"\"b\"\"\n\",qwen/q3,", rows[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneRequest_IsExplainedToTheLastPicodollar()
    {
        var rates = _app.Services.GetRequiredService<RateBook>();
        var rate = rates.Timeline("qwen/q3").Versions[0];
        var rated = Rated(1, s_noon) with { RateVersion = rate.Version };
        rated = rated with { Cost = rate.CostOf(rated.Record) };
        await AppendAsync(rated);

        var request = await _app.GetAsync($"/api/requests/{rated.Record.Id}");

        Assert.Equal("Completed, after 5 s (status 200). It waited 2 s for a replica to start or wake.", request.GetProperty("explanation").GetString());
        Assert.Equal(
            [("queue", 0L, 1L, false), ("wake", 1L, 2_000_000L, false), ("prefill", 2_000_001L, 999_999L, true), ("decode", 3_000_000L, 2_000_000L, true)],
            request.GetProperty("phases").EnumerateArray().Select(p => (
                p.GetProperty("name").GetString()!, p.GetProperty("start_us").GetInt64(), p.GetProperty("duration_us").GetInt64(), p.GetProperty("billed").GetBoolean())));
        Assert.Equal(
            [("prompt", 60L, "0.050000", "0.000003000000"), ("cached", 40L, "0.010000", "0.000000400000"), ("completion", 10L, "0.200000", "0.000002000000")],
            request.GetProperty("cost_lines").EnumerateArray().Select(l => (
                l.GetProperty("kind").GetString()!, l.GetProperty("amount").GetInt64(), l.GetProperty("price").GetString()!, l.GetProperty("cost").GetString()!)));
        Assert.Equal(("0.000005400000", 5.0), (request.GetProperty("cost").GetString(), request.GetProperty("tokens_per_second").GetDouble()));
    }

    [Fact]
    public async Task RequestThatFailed_IsExplainedWithoutABill()
    {
        var rated = Rated(1, s_noon, r => r with
        {
            Outcome = UsageOutcome.Failed,
            Status = 502,
            Reason = "engine_unreachable",
            Tokens = default,
            Source = UsageSource.None,
            FirstTokenUs = null,
            ColdStart = false,
        });
        await AppendAsync(rated with { Cost = Cost.Zero });

        var request = await _app.GetAsync($"/api/requests/{rated.Record.Id}");

        Assert.Equal(
            "Failed before an answer began: the engine could not be reached, after 5 s (status 502). It waited 2 s for room on a replica. The engine reported no usage: billed at zero.",
            request.GetProperty("explanation").GetString());
        Assert.Equal(["queue", "slot", "answer"], request.GetProperty("phases").EnumerateArray().Select(p => p.GetProperty("name").GetString()));
        Assert.Empty(request.GetProperty("cost_lines").EnumerateArray());
    }

    [Fact]
    public async Task Reconciliation_EndsWithItsTotals()
    {
        await AppendAsync(Rated(1, s_noon), Rated(2, s_noon));

        using var response = await _app.Client.GetAsync("/api/reconcile");
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("""{"done":true,"records":2,"differences":0}""", lines[^1]);
    }

    [Fact]
    public async Task ImpossibleCounts_AreListedAsTheyCame()
    {
        var outbox = _app.Services.GetRequiredService<IUsageOutbox>();
        await outbox.AppendAsync(Rated(1, s_noon).Record);
        await outbox.AppendAsync(Rated(2, s_noon, r => r with { Tokens = new TokenCounts(-7, 0, 3, 0) }).Record);

        JsonElement parked;
        do
        {
            // Until the pump has moved them.
            parked = await _app.GetAsync("/api/usage/parked?limit=5");
        }
        while (parked.GetProperty("total").GetInt64() == 0);

        var only = Assert.Single(parked.GetProperty("data").EnumerateArray());
        Assert.Equal((-7, 3), (only.GetProperty("prompt_tokens").GetInt64(), only.GetProperty("completion_tokens").GetInt64()));
        Assert.Equal("impossible counts: billed at zero", only.GetProperty("why").GetString());
    }

    [Theory]
    [InlineData("/api/usage/parked?limit=0", "limit")]
    [InlineData("/api/usage/summary?window=2h", "window")]
    [InlineData("/api/usage/summary?group=key", "group")]
    [InlineData("/api/usage/series?step=day", "step")]
    [InlineData("/api/usage/series?from=2020-01-01", "from")]
    [InlineData("/api/usage?outcome=good", "outcome")]
    [InlineData("/api/usage?revision=x", "revision")]
    [InlineData("/api/requests?source=x", "source")]
    [InlineData("/api/requests?after=x", "after")]
    [InlineData("/api/usage/gpu-time?group=x", "group")]
    [InlineData("/api/requests?after=f_________8AAAAAAAAAAAAAAAAAAAAA", "after")]
    [InlineData("/api/requests.csv?from=x", "from")]
    public async Task WrongParameter_IsNamed(string path, string param)
    {
        using var response = await _app.Client.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(param, JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task Usage_IsSummedByRevisionAndDayAndNarrowed()
    {
        await AppendAsync(Rated(1, s_noon), Rated(2, s_noon.AddDays(1), r => r with { Revision = 10 }), Rated(3, s_noon.AddDays(1), r => r with { Revision = 2, Outcome = UsageOutcome.Cancelled }));
        const string Range = "from=2026-01-01&to=2026-02-01";

        Assert.Equal(["qwen/q3@1", "qwen/q3@2", "qwen/q3@10"], Groups(await _app.GetAsync($"/api/usage?group=revision&{Range}")));
        Assert.Equal(["2026-01-01", "2026-01-02"], Groups(await _app.GetAsync($"/api/usage?group=day&{Range}")));
        Assert.Equal(["qwen/q3@2"], Groups(await _app.GetAsync($"/api/usage?group=revision&outcome=cancelled&{Range}")));

        static IEnumerable<string?> Groups(JsonElement usage) => usage.GetProperty("data").EnumerateArray().Select(g => g.GetProperty("group").GetString());
    }

    private static RatedRecord Rated(int n, DateTimeOffset ended, Func<UsageRecord, UsageRecord>? change = null)
    {
        var record = new UsageRecord
        {
            Id = new Guid(n, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8),
            Project = "default",
            Key = "k",
            Model = "qwen/q3",
            Revision = 1,
            Surface = "chat.completions",
            Outcome = UsageOutcome.Completed,
            Status = 200,
            Tokens = new TokenCounts(100, 40, 10, 3),
            Source = UsageSource.Engine,
            StartedAt = ended.AddSeconds(-5),
            DurationUs = 5_000_000,
            QueuedUs = 2_000_000 + n,
            ParkedUs = 2_000_000,
            FirstTokenUs = 3_000_000,
            ColdStart = true,
        };
        return new RatedRecord(change is null ? record : change(record), 1, new Cost(1_000));
    }

    private async Task AppendAsync(params RatedRecord[] records) => await _app.Services.GetRequiredService<ILedger>().AppendAsync(records);
}
