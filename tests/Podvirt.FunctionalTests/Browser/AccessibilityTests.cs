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

    private async Task<ConsolePage> OpenAsync(string path, Look look) =>
        await ConsolePage.OpenAsync(chromium, server.Process, path, await Barriers.WatchedAsync(look));
}
