using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>The figures of the GPU dashboard: they are the API's, to the last digit, and every picture has its table.</summary>
[Collection(nameof(Chromium))]
public sealed class GpuFiguresTests(Chromium chromium, DashboardServer server) : IClassFixture<DashboardServer>
{
    private const string Path = "/inference/gpu-dashboard";

    /// <summary>One image to a screen reader, whatever is drawn in it.</summary>
    private const string Picture = "div[role=img]";

    private static readonly string[] s_charts = ["Request rate", "Tokens", "Latency", "Time to first token", "Tokens per second", "Cost"];

    [Fact]
    public async Task Figures_AreTheApis_InAllAndInEveryTable()
    {
        await AskSomeAsync();
        await using var page = await OpenAsync("?window=1h");
        var total = (await server.GetAsync("api/usage/summary?window=1h&project=default"))["total"]!;
        foreach (var (label, value) in ((string, string)[])
        [
            ("Requests", Count(total["requests"]!)),
            ("Tokens", Count((long)total["prompt_tokens"]! + (long)total["completion_tokens"]!)),
            ("Latency, average", Duration(total["latency_us"]!["average"]!)),
            ("Latency, p95", Duration(total["latency_us"]!["p95"]!)),
            ("Time to first token, average", Duration(total["first_token_us"]!["average"]!)),
            ("Time to first token, p95", Duration(total["first_token_us"]!["p95"]!)),
            ("Total cost", Money(total["cost"]!)),
            ("Time waited for them", Duration(total["cold_starts"]!["waited_us"]!)),
        ])
        {
            await Expect(Figure(page, label)).ToHaveTextAsync(value);
        }
        await Expect(Figure(page, "Cold starts met")).ToContainTextAsync(Count(total["cold_starts"]!["count"]!));

        Assert.Equal(decimal.Parse((string)total["cost"]!, CultureInfo.InvariantCulture), await SumAsync(page, "Cost"));
        Assert.Equal((long)total["prompt_tokens"]! + (long)total["completion_tokens"]!, await SumAsync(page, "Tokens"));
        var spend = page.Panel("Spend by model").GetByRole(AriaRole.Row).Filter(new() { HasText = DashboardServer.Asked });
        var of = (await server.GetAsync($"api/usage/summary?window=1h&project=default&model={Uri.EscapeDataString(DashboardServer.Asked)}"))["total"]!;
        await Expect(spend).ToContainTextAsync(Money(of["cost"]!));
        await page.CloseAsync();
    }

    [Fact]
    public async Task Swap_IsMarkedInEveryChart_AndTellsBeforeAndAfter()
    {
        await server.AskAsync(DashboardServer.Swapped, stream: true, tokens: 40);
        await server.SwapAsync();
        await server.AskAsync(DashboardServer.Swapped, stream: true, tokens: 40);
        await Until.TrueAsync(
            async () => (await server.GetAsync($"api/usage/swaps?step=minute&model={DashboardServer.Swapped}"))["data"]!.AsArray().Count == 1, () => "No swap was told.");
        var swap = (await server.GetAsync($"api/usage/swaps?step=minute&model={DashboardServer.Swapped}"))["data"]![0]!;

        await using var page = await OpenAsync($"?window=1h&model={DashboardServer.Swapped}");
        var row = page.Panel("Model swaps").GetByRole(AriaRole.Row).Nth(1);
        await Expect(row).ToContainTextAsync("swapped: revision 1 to 2");
        await Expect(row.GetByRole(AriaRole.Cell).Nth(1)).ToContainTextAsync(Duration(swap["before"]!["latency_us"]!["average"]!));
        await Expect(row.GetByRole(AriaRole.Cell).Nth(2)).ToContainTextAsync(Duration(swap["after"]!["latency_us"]!["average"]!));
        await Expect(row.GetByRole(AriaRole.Cell).Nth(3)).ToContainTextAsync(Duration(swap["before"]!["first_token_us"]!["average"]!));
        await Expect(row.GetByRole(AriaRole.Cell).Nth(4)).ToContainTextAsync(Duration(swap["after"]!["first_token_us"]!["average"]!));
        foreach (var chart in s_charts)
        {
            await Expect(page.Panel(chart).Locator("svg text").GetByText("r2", new() { Exact = true })).ToBeVisibleAsync();
            await ShowTableAsync(page, chart);
            await Expect(page.Panel(chart).GetByRole(AriaRole.Row).Filter(new() { HasText = "swapped: revision 1 to 2" })).ToHaveCountAsync(1);
        }
        await page.CloseAsync();
    }

    [Theory]
    [InlineData("1h", 61)]
    [InlineData("24h", 25)]
    public async Task EveryChart_HasItsTable(string window, int steps)
    {
        await AskSomeAsync();
        await using var page = await OpenAsync($"?window={window}");
        foreach (var chart in s_charts)
        {
            await Expect(page.Panel(chart).Locator(Picture)).ToBeVisibleAsync();
            await ShowTableAsync(page, chart);
            await Expect(page.Panel(chart).Locator(Picture)).ToHaveCountAsync(0);
            await Expect(page.Panel(chart).GetByRole(AriaRole.Rowheader)).ToHaveCountAsync(steps);
        }
        await Expect(page.Panel("GPU time").GetByRole(AriaRole.Row).Filter(new() { HasText = DashboardServer.Asked }).First).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task Scope_IsKeptInTheAddress_AndAnEmptyProjectSaysWhatToDo()
    {
        await AskSomeAsync();
        using (var made = await server.Process.Admin.PostAsJsonAsync("api/projects", new { name = "Quiet" }))
        {
            Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync());
        }
        await using var page = await OpenAsync("");
        var projects = page.Page.GetByLabel("Project of the figures");
        await projects.SelectOptionAsync("quiet");
        await Expect(page.Panel("Figures")).ToContainTextAsync("No requests in the last 24 hours");
        await Expect(page.Panel("Figures").GetByRole(AriaRole.Link, new() { Name = "Chat with a model" })).ToBeVisibleAsync();
        await Expect(page.Panel("Cost")).ToHaveCountAsync(0);

        await projects.SelectOptionAsync("All projects");
        await Expect(Figure(page, "Requests")).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Radio, new() { Name = "Last 24 h" }).FocusAsync();
        await page.Page.Keyboard.PressAsync("ArrowLeft");
        await page.Page.WaitForURLAsync("**?projects=all&window=1h");
        await page.Page.ReloadAsync();
        await Expect(projects).ToHaveValueAsync("*");
        await Expect(page.Page.GetByRole(AriaRole.Radio, new() { Name = "Last 1 h" })).ToBeCheckedAsync();
        var all = (await server.GetAsync("api/usage/summary?window=1h"))["total"]!;
        await Expect(Figure(page, "Requests")).ToHaveTextAsync(Count(all["requests"]!));
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task FullPage_HasNoSeriousBarrier_AndNoOverflow(int width, bool dark)
    {
        await AskSomeAsync();
        var look = await Barriers.WatchedAsync(new Look(width, 844, dark));
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Path}?window=1h", look);
        await Expect(page.Panel("Cost").Locator(Picture).Locator("svg")).ToBeVisibleAsync();
        await Expect(page.Panel("Transitions").GetByRole(AriaRole.Listitem).First).ToBeVisibleAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        Assert.Equal(0, await page.OverflowAsync());
        await ShowTableAsync(page, "Cost");
        await ShowTableAsync(page, "GPU memory");
        Assert.Empty(await Barriers.OfAsync(page));
        Assert.Equal(0, await page.OverflowAsync());
        await page.CloseAsync();
    }

    private static ILocator Figure(ConsolePage page, string label) => page.Panel("Figures")
        .Locator("div", new() { Has = page.Page.GetByRole(AriaRole.Term).GetByText(label, new() { Exact = true }) }).Last.Locator("dd b");

    private static async Task ShowTableAsync(ConsolePage page, string panel)
    {
        await page.Panel(panel).GetByText("Table", new() { Exact = true }).ClickAsync();
        await Expect(page.Panel(panel).GetByRole(AriaRole.Table)).ToBeVisibleAsync();
    }

    /// <summary>Of all figures in the table behind a chart; a row with a swap says so in a cell of its own.</summary>
    private static async Task<decimal> SumAsync(ConsolePage page, string chart)
    {
        await ShowTableAsync(page, chart);
        var cells = await page.Panel(chart).GetByRole(AriaRole.Cell).AllInnerTextsAsync();
        return cells.Where(c => c is not ("–" or "") && !c.Contains("revision", StringComparison.Ordinal)).Sum(c => decimal.Parse(c.TrimStart('$'), NumberStyles.Number, CultureInfo.InvariantCulture));
    }

    private static string Count(JsonNode count) => ((long)count).ToString("N0", CultureInfo.InvariantCulture);

    private static string Money(JsonNode exact) => decimal.Parse((string)exact!, CultureInfo.InvariantCulture).ToString("$#,##0.00##########", CultureInfo.InvariantCulture);

    private static string Duration(JsonNode us)
    {
        var ms = Math.Round((double)us / 1000, MidpointRounding.AwayFromZero);
        return ms < 1000 ? $"{ms} ms" : ms < 9950 ? $"{Tenths(ms / 1000)} s" : $"{Math.Round(ms / 1000, MidpointRounding.AwayFromZero)} s";
    }

    /// <summary>As browsers do it: by what the double really is. 1.95 is less than that, so it is 1.9.</summary>
    private static string Tenths(double value) => Math.Round(decimal.Parse(value.ToString("F20", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), 1, MidpointRounding.AwayFromZero)
        .ToString("0.0", CultureInfo.InvariantCulture);

    private async Task AskSomeAsync()
    {
        foreach (var tokens in (int[])[20, 30, 40])
        {
            await server.AskAsync(DashboardServer.Asked, stream: true, tokens);
        }
        await server.AskAsync(DashboardServer.Asked, stream: false, tokens: 25);
        var asked = (long)(await server.Process.ModelAsync(DashboardServer.Asked))["requests_total"]!;
        await server.Process.RecordsAsync((int)asked, DashboardServer.Asked);
    }

    private Task<ConsolePage> OpenAsync(string query) => ConsolePage.OpenAsync(chromium, server.Process, Path + query);
}
