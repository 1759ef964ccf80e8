using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed class AccessibilityTests(Chromium chromium, ConsoleServer server)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SignInPage_HasNoSeriousBarrier(bool dark)
    {
        await using var page = await OpenAsync(ConsolePage.Catalog, new Look(Dark: dark, SignedIn: false));
        await Expect(page.Page.GetByLabel("Admin token")).ToBeVisibleAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in with e-mail and password" }).ClickAsync();
        await Expect(page.Page.GetByLabel("E-mail")).ToBeVisibleAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task InviteAndPasswordDialog_HaveNoSeriousBarrier(int width, bool dark)
    {
        using var invited = await server.Process.Admin.PostAsJsonAsync(
            "api/members", new { name = "Ada Lovelace", email = $"ada-{width}-{dark}@example.com", projects = new[] { "default" } });
        var link = (string)(await invited.Content.ReadFromJsonAsync<JsonObject>())!["invite_url"]!;
        await using var page = await OpenAsync(link, new Look(width, 844, dark, SignedIn: false));
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Welcome, Ada Lovelace" })).ToBeVisibleAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        Assert.Equal(0, await page.OverflowAsync());

        await page.Page.GetByLabel("New password").FillAsync("a boat in a bottle");
        await page.Page.GetByLabel("New password").PressAsync("Enter");
        await Expect(page.Card("House Model")).ToBeVisibleAsync();
        if (width < 768)
        {
            await page.Page.GetByRole(AriaRole.Button, new() { Name = "Navigation", Exact = true }).ClickAsync();
        }
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Change password" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Dialog).GetByLabel("Current password", new() { Exact = true })).ToBeVisibleAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        Assert.Equal(0, await page.OverflowAsync());
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Catalog_HasNoSeriousBarrier(bool dark)
    {
        await using var page = await OpenAsync(ConsolePage.Catalog, new Look(Dark: dark));
        await Expect(page.Card("House Model")).ToContainTextAsync("Failed");
        Assert.Empty(await Barriers.OfAsync(page));
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task FinishedChat_HasNoSeriousBarrier(int width, bool dark)
    {
        await using var page = await OpenAsync(ConsolePage.ChatPath(ConsoleServer.Coder), new Look(width, 844, dark));
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Chat with Coder 1.5" })).ToBeVisibleAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        await page.AskAsync("Write a C# method that merges two sorted lists.");
        await page.UntilAnsweredAsync();
        await Expect(page.LastAnswer.Locator(".hljs-keyword").First).ToBeVisibleAsync();
        await page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Regenerate" }).ClickAsync();
        await Expect(page.LastAnswer).ToContainTextAsync("2 of 2");
        await page.UntilAnsweredAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        await page.LastAnswer.GetByRole(AriaRole.Tab, new() { Name = "JSON" }).ClickAsync();
        await Expect(page.LastAnswer.GetByRole(AriaRole.List, new() { Name = "Frames" })).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await Expect(page.Page.GetByLabel("Stop sequences")).ToBeVisibleAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task Comparison_HasNoSeriousBarrier(int width, bool dark)
    {
        var path = $"/inference/compare?model={Uri.EscapeDataString(ConsoleServer.Coder)}&model={ConsoleServer.Unreachable}";
        await using var page = await OpenAsync(path, new Look(width, 844, dark));
        await page.AskAsync("Write a SQL query.");
        await Expect(page.Page.GetByText("No answer.", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.Page.GetByRole(AriaRole.List, new() { Name = "Figures of this answer" }).First).ToBeVisibleAsync();
        Assert.Equal(0, await page.OverflowAsync());
        Assert.Empty(await Barriers.OfAsync(page));
        await page.CloseAsync();
    }

    [Theory]
    [InlineData("/inference/api-keys", "New key", false)]
    [InlineData("/inference/api-keys", "New key", true)]
    [InlineData("/inference/members", "Invite", false)]
    [InlineData("/inference/members", "Invite", true)]
    [InlineData("/inference/members?view=projects", "New project", false)]
    [InlineData("/inference/members?view=projects", "New project", true)]
    [InlineData(ConsolePage.Catalog, "API of Coder 1.5", false)]
    [InlineData(ConsolePage.Catalog, "API of Coder 1.5", true)]
    public async Task PageAndItsDialog_HaveNoSeriousBarrierAndFitAnyWidth(string path, string button, bool dark)
    {
        foreach (var (width, height) in ((int, int)[])[(1280, 800), (390, 844)])
        {
            await using var page = await OpenAsync(path, new Look(width, height, dark));
            var opener = page.Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true });
            await Expect(opener).ToBeVisibleAsync();
            await Expect(page.Page.Locator(".mantine-Skeleton-root")).ToHaveCountAsync(0);
            Assert.Empty(await Barriers.OfAsync(page));
            Assert.Equal(0, await page.OverflowAsync());

            await opener.FocusAsync();
            await page.Page.Keyboard.PressAsync("Enter");
            var dialog = page.Page.GetByRole(AriaRole.Dialog);
            await Expect(dialog).ToBeVisibleAsync();
            await Expect(dialog.Locator(":focus")).ToHaveCountAsync(1);
            Assert.Empty(await Barriers.OfAsync(page));
            Assert.Equal(0, await page.OverflowAsync());
            await page.Page.Keyboard.PressAsync("Escape");
            await Expect(dialog).ToHaveCountAsync(0);
            await Expect(opener).ToBeFocusedAsync();
            await page.CloseAsync();
        }
    }

    private async Task<ConsolePage> OpenAsync(string path, Look look) =>
        await ConsolePage.OpenAsync(chromium, server.Process, path, await Barriers.WatchedAsync(look));
}
