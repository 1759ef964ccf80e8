using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>The list of prior conversations. Whoever holds the admin token has one list in all tests, so each looks for its own words.</summary>
[Collection(nameof(Chromium))]
public sealed class ChatHistoryTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task Conversation_IsFoundRenamedExportedAndDeleted()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Coder));
        await page.AskAsync("Write a SQL query about zeppelins.");
        await page.UntilAnsweredAsync();
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "New chat" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(0);

        var search = page.Page.GetByLabel("Search the conversations");
        await search.FillAsync("nobody wrote this");
        await Expect(page.Page.GetByText("No conversation has these words.")).ToBeVisibleAsync();
        await search.FillAsync("zeppelins");
        var row = Rows(page);
        await Expect(row).ToHaveCountAsync(1);
        await row.GetByRole(AriaRole.Button, new() { Name = "Actions for" }).ClickAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Rename" }).ClickAsync();
        await row.GetByLabel("Title").FillAsync("Airships and zeppelins");
        await row.GetByLabel("Title").PressAsync("Enter");
        await Expect(row.GetByRole(AriaRole.Link)).ToContainTextAsync("Airships and zeppelins");
        await row.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(2);
        await Expect(row.GetByRole(AriaRole.Link)).ToHaveAttributeAsync("aria-current", "page");

        await row.GetByRole(AriaRole.Button, new() { Name = "Actions for" }).ClickAsync();
        Assert.Contains("about zeppelins", await ExportAsync(page, row, "Markdown", ".md"), StringComparison.Ordinal);
        Assert.Contains("\"session_id\"", await ExportAsync(page, row, "JSON", ".json"), StringComparison.Ordinal);

        await row.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(row.GetByRole(AriaRole.Button, new() { Name = "Keep" })).ToBeFocusedAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await Expect(row).ToHaveCountAsync(0);
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(0);
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Chat with Coder 1.5" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task OnAPhone_TheListIsADrawerAndEverythingCanBeDeleted()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Coder), new Look(390, 844));
        await page.AskAsync("Write a SQL query.");
        await page.UntilAnsweredAsync();
        Assert.Equal(0, await page.OverflowAsync());
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Conversations", Exact = true }).ClickAsync();
        var drawer = page.Page.GetByRole(AriaRole.Dialog);
        var keep = drawer.GetByLabel("Keep conversations");
        await keep.SelectOptionAsync("30");
        await Expect(keep).ToBeEnabledAsync();
        await page.Page.ReloadAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Conversations", Exact = true }).ClickAsync();
        await Expect(keep).ToHaveValueAsync("30");
        await keep.SelectOptionAsync("");
        await Expect(keep).ToBeEnabledAsync();

        await drawer.GetByRole(AriaRole.Button, new() { Name = "Delete all conversations" }).ClickAsync();
        await drawer.GetByRole(AriaRole.Button, new() { Name = "Delete all", Exact = true }).ClickAsync();
        await Expect(drawer.GetByText("Nothing was said so far.")).ToBeVisibleAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    private static ILocator Rows(ConsolePage page) =>
        page.Page.GetByRole(AriaRole.List, new() { Name = "Conversations" }).GetByRole(AriaRole.Listitem);

    private static async Task<string> ExportAsync(ConsolePage page, ILocator row, string format, string suffix)
    {
        var download = await page.Page.RunAndWaitForDownloadAsync(() => row.GetByRole(AriaRole.Link, new() { Name = format, Exact = true }).ClickAsync());
        Assert.EndsWith(suffix, download.SuggestedFilename, StringComparison.Ordinal);
        return await File.ReadAllTextAsync(await download.PathAsync());
    }
}
