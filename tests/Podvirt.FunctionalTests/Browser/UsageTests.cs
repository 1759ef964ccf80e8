using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>What the console says of usage, and whether the API and the CSV say the same.</summary>
[Collection(nameof(Chromium))]
public sealed class UsageTests(Chromium chromium, UsageServer server) : IClassFixture<UsageServer>
{
    private const string Usage = "/inference/usage";

    [Fact]
    public async Task Figures_AgreeWithApiAndCsvToTheLastDigit()
    {
        await server.UseAsync(UsageServer.Steady, 3);
        await server.UseAsync(UsageServer.Other, 2, tokens: 7);
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, Usage);
        var table = page.Page.GetByRole(AriaRole.Table, new() { Name = "Usage by model" });
        await Expect(table.GetByRole(AriaRole.Link, new() { Name = UsageServer.Steady })).ToBeVisibleAsync();

        // The link to the CSV names the time that is shown, to the microsecond.
        var csv = (await page.Page.GetByRole(AriaRole.Link, new() { Name = "Download its requests as CSV" }).GetAttributeAsync("href"))!;
        var report = await server.GetAsync($"api/usage?group=model&{csv.Split('?')[1]}");

        var expected = report["data"]!.AsArray().Select(row => Figures((string)row!["group"]!, row)).Order(StringComparer.Ordinal);
        var rows = await table.Locator("tbody tr").AllAsync();
        Assert.Equal(expected, (await Task.WhenAll(rows.Select(FiguresAsync))).Order(StringComparer.Ordinal));
        Assert.Equal(Figures("Total", report["total"]!), await FiguresAsync(table.Locator("tfoot tr")));
        await Expect(page.Page.GetByLabel("In all")).ToContainTextAsync(UsageServer.Money(report["total"]!["cost"]));

        var export = await page.Page.APIRequest.GetAsync(csv);
        var lines = (await export.TextAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((int)report["total"]!["requests"]!, lines.Length - 1);
        var cost = Array.IndexOf(lines[0].Split(','), "cost");
        var sum = lines.Skip(1).Sum(line => decimal.Parse(line.Split(',')[cost], CultureInfo.InvariantCulture));
        Assert.Equal((string)report["total"]!["cost"]!, sum.ToString(CultureInfo.InvariantCulture));
        await page.CloseAsync();
    }

    [Fact]
    public async Task Row_LeadsToItsRecordsAndTheyToTheRequest()
    {
        await server.UseAsync(UsageServer.Other, 2);
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, Usage);
        await page.Page.GetByRole(AriaRole.Table, new() { Name = "Usage by model" }).GetByRole(AriaRole.Link, new() { Name = UsageServer.Other, Exact = true }).ClickAsync();
        await page.Page.WaitForURLAsync($"**/inference/usage/requests?model={UsageServer.Other}");
        var records = await server.GetAsync($"api/requests?project=default&model={UsageServer.Other}");
        var table = page.Page.GetByRole(AriaRole.Table, new() { Name = "Requests, newest first" });
        await Expect(table.Locator("tbody tr")).ToHaveCountAsync(records["data"]!.AsArray().Count);
        await Expect(table.Locator("tbody tr").First).ToContainTextAsync(UsageServer.Money(records["data"]![0]!["cost"]));

        // The whole row is the link, not its first cell alone.
        await table.Locator("tbody tr").First.ClickAsync();
        await page.Page.WaitForURLAsync($"**/inference/usage/requests/{records["data"]![0]!["id"]}");
        await Expect(page.Page.GetByText((string)records["data"]![0]!["id"]!)).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task Filters_StayInTheAddressAcrossReload()
    {
        await server.UseAsync(UsageServer.Steady, 1);
        await server.UseAsync(UsageServer.Other, 1);
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, Usage);
        await page.Page.GetByLabel("Model", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = UsageServer.Steady });
        await page.Page.GetByLabel("Time (UTC days)").SelectOptionAsync("24h");
        await page.Page.GetByLabel("Group by").SelectOptionAsync("day");
        await page.Page.WaitForURLAsync($"**/usage?model={Uri.EscapeDataString(UsageServer.Steady)}&range=24h&group=day");
        await page.Page.ReloadAsync();
        var report = await server.GetAsync($"api/usage?group=day&project=default&model={Uri.EscapeDataString(UsageServer.Steady)}");
        var table = page.Page.GetByRole(AriaRole.Table, new() { Name = "Usage by day" });
        await Expect(table.Locator("tfoot")).ToContainTextAsync(UsageServer.Money(report["total"]!["cost"]));
        await Expect(page.Page.GetByRole(AriaRole.Img, new() { Name = "Cost in US dollars by day" })).ToBeVisibleAsync();

        await page.Page.GetByLabel("Outcome", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = "Truncated" });
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "No request matches" })).ToBeVisibleAsync();
        await page.Page.Locator("main").GetByRole(AriaRole.Button, new() { Name = "Clear the filters" }).Last.ClickAsync();
        await Expect(table.Locator("tfoot")).ToBeVisibleAsync();
        Assert.Equal("?group=day&range=24h", new Uri(page.Page.Url).Query);
        await page.CloseAsync();
    }

    [Fact]
    public async Task OwnRange_TakesWholeDaysOfUtc()
    {
        await server.UseAsync(UsageServer.Steady, 1);
        var ended = ((DateTimeOffset)(await server.GetAsync("api/requests?limit=1"))["data"]![0]!["ended_at"]!).UtcDateTime;
        var (day, next) = (ended.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ended.AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Usage}/requests");
        await page.Page.GetByLabel("Time (UTC days)").SelectOptionAsync("own");
        await page.Page.GetByLabel("First day (UTC)").FillAsync(next);
        await page.Page.GetByLabel("Last day (UTC)").FillAsync(day);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Show these days" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("not before the first");

        await page.Page.GetByLabel("First day (UTC)").FillAsync(day);
        await page.Page.GetByLabel("Last day (UTC)").PressAsync("Enter");
        await page.Page.WaitForURLAsync($"**/requests?from={Uri.EscapeDataString($"{day}T00:00:00Z")}&to={Uri.EscapeDataString($"{next}T00:00:00Z")}");
        await Expect(page.Page.GetByRole(AriaRole.Table, new() { Name = "Requests, newest first" })).ToContainTextAsync(UsageServer.Steady);
        await page.CloseAsync();
    }

    [Fact]
    public async Task NewRequest_IsShownOnRefreshAndWhenThePageIsSeenAgain()
    {
        await server.UseAsync(UsageServer.Steady, 1);
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Usage}?model={Uri.EscapeDataString(UsageServer.Steady)}");
        var requests = page.Page.GetByLabel("In all").Locator("div").Filter(new() { HasText = "Requests" }).Locator("dd");
        var before = int.Parse(await requests.InnerTextAsync(), CultureInfo.InvariantCulture);
        await server.UseAsync(UsageServer.Steady, 1);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Refresh" }).ClickAsync();
        await Expect(requests).ToHaveTextAsync($"{before + 1}");
        await server.UseAsync(UsageServer.Steady, 1);
        await page.Page.EvaluateAsync("window.dispatchEvent(new Event('visibilitychange'))");
        await Expect(requests).ToHaveTextAsync($"{before + 2}");
        await page.CloseAsync();
    }

    [Fact]
    public async Task OlderPage_GoesOnWhereTheFirstOneEnded()
    {
        await server.UseAsync(UsageServer.Steady, 60, tokens: 2);
        var all = (await server.GetAsync("api/requests?limit=10000&project=default"))["data"]!.AsArray().Select(r => (string)r!["id"]!).ToList();
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Usage}/requests");
        Assert.Equal(all[..50], await ShownAsync(page, 50));
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await page.Page.WaitForURLAsync("**/requests?after=*");
        var second = all[50..Math.Min(100, all.Count)];
        Assert.Equal(second, await ShownAsync(page, second.Count));
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Newest" }).ClickAsync();
        Assert.Equal(all[..50], await ShownAsync(page, 50));
        await page.CloseAsync();
    }

    private static async Task<string[]> ShownAsync(ConsolePage page, int count)
    {
        var links = page.Page.GetByRole(AriaRole.Table, new() { Name = "Requests, newest first" }).Locator("tbody th a");
        await Expect(links).ToHaveCountAsync(count);
        return [.. (await links.EvaluateAllAsync<string[]>("links => links.map(link => link.pathname)")).Select(path => path.Split('/')[^1])];
    }

    private static string Figures(string name, JsonNode row) =>
        $"{name} {UsageServer.Money(row["cost"])} {UsageServer.Count(row["requests"])} {UsageServer.Count(row["prompt_tokens"])} {UsageServer.Count(row["completion_tokens"])}";

    /// <summary>Name, cost, requests, prompt and completion tokens of a row.</summary>
    private static async Task<string> FiguresAsync(ILocator row)
    {
        var cells = await row.Locator("td").AllInnerTextsAsync();
        return $"{(await row.Locator("th").InnerTextAsync()).Trim()} {cells[0]} {cells[2]} {cells[3]} {cells[5]}";
    }
}
