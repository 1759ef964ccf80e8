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
    [InlineData(false)]
    [InlineData(true)]
    public async Task FinishedChat_HasNoSeriousBarrier(bool dark)
    {
        await using var page = await OpenAsync(ConsolePage.ChatPath(ConsoleServer.Coder), new Look(390, 844, dark));
        await page.AskAsync("Write a C# method that merges two sorted lists.");
        await page.UntilAnsweredAsync();
        await Expect(page.LastAnswer.Locator(".hljs-keyword").First).ToBeVisibleAsync();
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
