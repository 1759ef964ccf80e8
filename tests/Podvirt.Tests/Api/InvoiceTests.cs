using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;

namespace Podvirt.Tests.Api;

public sealed class InvoiceTests : IAsyncLifetime
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    private PodvirtApp _app = null!;

    public async ValueTask InitializeAsync()
    {
        // What was there when the server was down: its start makes the month's invoices final.
        _app = await PodvirtApp.StartAsync(map: app => SeedAsync(app.Services).GetAwaiter().GetResult());
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await InvoicesAsync("")) is not [var first, ..] || Text(first, "status") != "final")
        {
            await Task.Delay(_pause, deadline.Token);
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task PastMonth_IsFinalForEachProject()
    {
        var invoices = await InvoicesAsync("");

        Assert.Equal(["000001", "000002"], invoices.Select(i => i.GetProperty("id").GetString()).Order());
        Assert.Equal("other", Assert.Single(await InvoicesAsync("?project=other")).GetProperty("project").GetString());
        Assert.Empty(await InvoicesAsync("?month=2026-02"));
    }

    [Fact]
    public async Task Invoice_ShowsExactAndRoundedAmounts()
    {
        var invoice = await _app.GetAsync("/api/invoices/1");

        Assert.Equal(("0.204000000000", "0.20", 2), (Text(invoice, "exact"), Text(invoice, "amount"), invoice.GetProperty("requests").GetInt32()));
        Assert.Equal(
            ["prompt 1600000 0.050000 0.080000000000 0.08", "cached 400000 0.010000 0.004000000000 0.00", "completion 600000 0.200000 0.120000000000 0.12"],
            invoice.GetProperty("lines").EnumerateArray().Select(l => $"{Text(l, "kind")} {Text(l, "quantity")} {Text(l, "price")} {Text(l, "exact")} {Text(l, "amount")}"));
        var draft = await _app.GetAsync("/api/invoices/draft-2026-01-default");
        Assert.Equal(invoice.ToString(), draft.ToString());
    }

    [Fact]
    public async Task Csv_HasALineForEachLine()
    {
        using var response = await _app.Client.GetAsync("/api/invoices/000001.csv");

        Assert.Equal("text/csv", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("invoice-000001.csv", response.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
        var lines = (await response.Content.ReadAsStringAsync()).Split("\r\n");
        Assert.Equal(5, lines.Length);
        Assert.Equal("000001,final,default,2026-01,usage,2026-01,qwen/q3,prompt,1,,1600000,token,0.050000,0.080000000000,0.08,USD", lines[1]);
    }

    [Fact]
    public async Task Page_RunsNothing()
    {
        using var response = await _app.Client.GetAsync("/api/invoices/1.html");

        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("default-src 'none'; style-src 'unsafe-inline'", Assert.Single(response.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.Contains("<h1>Invoice</h1>", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/invoices/99")]
    [InlineData("/api/invoices/1.pdf")]
    [InlineData("/api/invoices/draft-2026-01-none")]
    [InlineData("/api/invoices/draft-2026-01-none.html")]
    public async Task UnknownInvoice_Is404(string path)
    {
        using var response = await _app.Client.GetAsync(path);

        Assert.Equal("invoice_not_found", await PodvirtApp.RefusalAsync(response, HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task NoMonth_IsRefused()
    {
        using var response = await _app.Client.GetAsync("/api/invoices?month=january");

        Assert.Equal("invalid_parameter", await PodvirtApp.RefusalAsync(response, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Reconciliation_TakesInvoicesIn()
    {
        using var response = await _app.Client.GetAsync("/api/reconcile");
        var end = JsonElement.Parse((await response.Content.ReadAsStringAsync()).Trim().Split('\n')[^1]);

        Assert.True(end.GetProperty("done").GetBoolean());
        Assert.Equal(0, end.GetProperty("differences").GetInt64());
    }

    private static async Task SeedAsync(IServiceProvider services)
    {
        var rate = new Rate("qwen/q3", 1, DateTimeOffset.UnixEpoch, 50_000, 10_000, 200_000);
        await services.GetRequiredService<IStateStore>().PutAsync(Rate.StatePrefix + rate.Model, StateJson.ToBytes<IReadOnlyList<Rate>>([rate]));
        var usage = new[] { Usage.Record(1), Usage.Record(2), Usage.Record(3, project: "other") };
        await services.GetRequiredService<ILedger>().AppendAsync([.. usage.Select(r => new RatedRecord(r, 1, rate.CostOf(r)))]);
    }

    private async Task<IReadOnlyList<JsonElement>> InvoicesAsync(string query) =>
        [.. (await _app.GetAsync("/api/invoices" + query)).GetProperty("data").EnumerateArray()];

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
