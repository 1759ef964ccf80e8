namespace Podvirt.Server.Tests.Commands;

public sealed class BillingCommandTests : IAsyncLifetime
{
    private const string Rate =
        """
        {"model":"org/m","version":2,"from":"2026-12-01T00:00:00+00:00","in_force":false,"set_at":"2026-11-20T00:00:00+00:00","set_by":"ann",
         "prompt":"0.10","cached":"0.10","completion":"0.30","embeddings":"0.10","video_second":"0.00"}
        """;

    private FakeServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task RateSet_SendsItsPricesAndMoment()
    {
        _server.Answer = Rate;
        var run = await _server.RunAsync("rates", "set", "org/m", "--prompt", "0.1", "--completion", "0.3", "--from", "2026-12-01T00:00:00Z");

        var call = Assert.Single(_server.Calls);
        Assert.StartsWith("POST /api/models/org/m/rates ", call, StringComparison.Ordinal);
        Assert.EndsWith("\"prompt\":0.1,\"cached\":null,\"completion\":0.3,\"embeddings\":null,\"video_second\":null}", call, StringComparison.Ordinal);
        Assert.Contains("\"from\":\"2026-12-01T00:00:00Z\"", call, StringComparison.Ordinal);
        Assert.EndsWith("ann", run.Output.Trim(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rates list", "GET /api/rates ")]
    [InlineData("rates list org/m", "GET /api/models/org/m/rates ")]
    public async Task RateList_MarksWhatHolds(string line, string call)
    {
        _server.Answer = $$"""{"data":[{{Rate.Replace("false", "true", StringComparison.Ordinal).Replace("\"ann\"", "null", StringComparison.Ordinal)}}]}""";
        var row = (await _server.RunAsync(line.Split(' '))).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[1];

        Assert.StartsWith(call, Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.Equal(["org/m", "2", "now"], row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[..3]);
        Assert.EndsWith("podvirt.yaml", row.Trim(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "true", "Would adjust 3 records by -0.5 USD. Say --apply to do it.")]
    [InlineData("--apply", "false", "Adjusted 3 records by -0.5 USD.")]
    public async Task Rerate_OnlyShowsUnlessToldToApply(string more, string dryRun, string said)
    {
        _server.Answer = $$"""{"dry_run":{{dryRun}},"records":3,"difference":"-0.5","groups":[{"project":"p","old_rate_version":1,"records":3,"difference":"-0.5"}]}""";
        string[] line = ["rates", "rerate", "m", "--from", "2026-11-01", "--to", "2026-12-01", "--rate-version", "2", "--reason", "wrong price"];
        var run = await _server.RunAsync(more.Length > 0 ? [.. line, more] : line);

        Assert.StartsWith($"POST /api/models/m/rerate?dry_run={dryRun} ", Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.Contains("\"rate_version\":2,\"reason\":\"wrong price\"", _server.Calls[0], StringComparison.Ordinal);
        Assert.Equal(said, run.Error.Trim());
    }

    [Fact]
    public async Task Reratings_SayWhoAndWhy()
    {
        _server.Answer =
            """
            {"data":[{"id":1,"model":"m","from":"a","to":"b","rate_version":2,"by":"ann","reason":"wrong price","at":"c","records":3,"difference":"-0.5"}]}
            """;
        var run = await _server.RunAsync("rates", "reratings");

        Assert.Contains("ann", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("wrong price", run.Output.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvoiceList_AsksForItsProjectAndMonth()
    {
        _server.Answer =
            """
            {"data":[{"id":"000001","status":"final","project":"p","month":"2026-01","final_at":"2026-02-02T00:00:00+00:00","exact":"1.005000000000","amount":"1.00"}]}
            """;
        var run = await _server.RunAsync("invoices", "list", "--project", "p", "--month", "2026-01");

        Assert.StartsWith("GET /api/invoices?project=p&month=2026-01 ", Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.EndsWith("1.00", run.Output.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvoiceShow_ShowsLinesAndTotal()
    {
        _server.Answer =
            """
            {"id":"000001","status":"final","project":"p","month":"2026-01","exact":"1.005000000000","amount":"1.00","unreported":2,
             "lines":[{"type":"rerating","month":"2025-12","model":"m","kind":"prompt","rate_version":2,"old_rate_version":1,"quantity":"5","price":"0.1","exact":"0.5","amount":"0.50"}]}
            """;
        var run = await _server.RunAsync("invoices", "show", "1");

        Assert.Contains("1 > 2", run.Output, StringComparison.Ordinal);
        Assert.Contains("000001 (final), p, 2026-01: 1.00 USD, exactly 1.005000000000.", run.Error, StringComparison.Ordinal);
        Assert.Contains("2 of the requests came without counts", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("invoices export 1", "GET /api/invoices/1.html ")]
    [InlineData("invoices export 1 --format csv", "GET /api/invoices/1.csv ")]
    [InlineData("invoices export 1 --json", "GET /api/invoices/1 ")]
    public async Task InvoiceExport_WritesWhatCame(string line, string call)
    {
        _server.Answer = "a,b\r\n";
        var run = await _server.RunAsync(line.Split(' '));

        Assert.StartsWith(call, Assert.Single(_server.Calls), StringComparison.Ordinal);
        Assert.Equal("a,b\r\n", run.Output);
    }

    [Fact]
    public async Task InvoiceExportToAFile_WritesItThere()
    {
        _server.Answer = "<p>";
        var file = Path.Combine(_server.Folder, "invoice.html");
        await _server.RunAsync("invoices", "export", "1", "--output", file);

        Assert.Equal("<p>", await File.ReadAllTextAsync(file));
    }
}
