using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Invoices as the console shows them, and their files.</summary>
[Collection(nameof(Chromium))]
public sealed class InvoicePagesTests(Chromium chromium, UsageServer server) : IClassFixture<UsageServer>
{
    private const string Invoices = "/inference/usage/invoices";

    [Fact]
    public async Task Draft_HasTheLinesOfTheApi()
    {
        await server.UseAsync(UsageServer.Steady, 2);
        await server.UseAsync(UsageServer.Cold, 1);
        // What a start took of the gpus comes to the ledger apart from the requests that it was for.
        await Until.TrueAsync(
            async () => new[] { UsageServer.Steady, UsageServer.Cold }.Except(await ColdStartsAsync()).Any() is false,
            () => "The cold starts never came to the invoice.");
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, Invoices);
        var head = (await server.GetAsync("api/invoices?project=default"))["data"]![0]!;
        var row = page.Page.GetByRole(AriaRole.Table, new() { Name = "Invoices" }).Locator("tbody tr").First;
        await Expect(row).ToContainTextAsync("Draft");
        await Expect(row).ToContainTextAsync(UsageServer.Money(head["exact"]));
        await row.GetByRole(AriaRole.Link).ClickAsync();
        await page.Page.WaitForURLAsync($"**/invoices/{head["id"]}");

        var invoice = await server.GetAsync($"api/invoices/{head["id"]}");
        await Expect(page.Page.GetByText("This is a draft")).ToBeVisibleAsync();
        var lines = page.Page.Locator("section table tbody tr").Filter(new() { Has = page.Page.Locator("td:nth-child(6)") });
        var shown = new List<string>();
        foreach (var line in await lines.AllAsync())
        {
            var cells = await line.Locator("td").AllInnerTextsAsync();
            shown.Add($"{await line.Locator("th").InnerTextAsync()} {cells[^2]} {cells[^1]}");
        }
        Assert.Equal(invoice["lines"]!.AsArray().Select(l => $"{l!["model"]} {UsageServer.Money(l["exact"])} {UsageServer.Money(l["amount"])}"), shown);
        Assert.Contains(invoice["lines"]!.AsArray(), l => (string)l!["type"]! == "cold_start" && (string)l["amount"]! == "0.00");
        await Expect(page.Page.GetByText("Not charged: gpu time of cold starts").First).ToBeVisibleAsync();
        var foot = page.Page.Locator("tfoot");
        await Expect(foot).ToContainTextAsync(UsageServer.Money(invoice["exact"]));
        await Expect(foot).ToContainTextAsync(UsageServer.Money(invoice["amount"]));
        await page.CloseAsync();
    }

    [Fact]
    public async Task Files_AreTheServersOwn()
    {
        await server.UseAsync(UsageServer.Steady, 1);
        var id = (string)(await server.GetAsync("api/invoices?project=default"))["data"]![0]!["id"]!;
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Invoices}/{id}");
        var download = await page.Page.RunAndWaitForDownloadAsync(() => page.Page.GetByRole(AriaRole.Link, new() { Name = "Download as CSV" }).ClickAsync());
        Assert.Equal($"invoice-{id}.csv", download.SuggestedFilename);
        var paper = await page.Page.RunAndWaitForPopupAsync(() => page.Page.GetByRole(AriaRole.Link, new() { Name = "Print view" }).ClickAsync());
        await Expect(paper.GetByRole(AriaRole.Heading, new() { Name = "Draft invoice" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task Paper_HasTheInvoiceAlone()
    {
        await server.UseAsync(UsageServer.Steady, 1);
        var id = (string)(await server.GetAsync("api/invoices?project=default"))["data"]![0]!["id"]!;
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Invoices}/{id}", new Look(Dark: true));
        await Expect(page.Page.Locator("tfoot")).ToBeVisibleAsync();
        await page.Page.EmulateMediaAsync(new() { Media = Media.Print });
        await Expect(page.Page.Locator("tfoot")).ToBeVisibleAsync();
        await Expect(page.Page.GetByRole(AriaRole.Navigation)).ToHaveCountAsync(0);
        await Expect(page.Page.GetByRole(AriaRole.Link, new() { Name = "Print view" })).ToHaveCountAsync(0);
        await Expect(page.Page.Locator("body")).ToHaveCSSAsync("background-color", "rgb(255, 255, 255)");
        await page.CloseAsync();
    }

    [Fact]
    public async Task UnknownInvoice_LeadsBack()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, Invoices);
        page.Expect(404);
        await page.Page.GotoAsync($"{Invoices}/999999");
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "To the invoices" }).ClickAsync();
        await page.Page.WaitForURLAsync($"**{Invoices}");
        await page.CloseAsync();
    }

    /// <summary>The models whose cold starts stand on the newest invoice.</summary>
    private async Task<IEnumerable<string>> ColdStartsAsync()
    {
        var id = (await server.GetAsync("api/invoices?project=default"))["data"]![0]!["id"];
        var invoice = await server.GetAsync($"api/invoices/{id}");
        return invoice["lines"]!.AsArray().Where(static l => (string)l!["type"]! == "cold_start").Select(static l => (string)l!["model"]!);
    }
}
