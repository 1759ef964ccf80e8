using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed class CompareTests(Chromium chromium, ConsoleServer server)
{
    private const string Path = "/inference/compare";

    [Fact]
    public async Task OneQuestion_IsAnsweredSideBySideAndSurvivesARefresh()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, Path);
        await Expect(page.Page.GetByText("One question, up to four models")).ToBeVisibleAsync();
        var picker = page.Page.GetByLabel("Add a model");
        await picker.SelectOptionAsync(ConsoleServer.Coder);
        await picker.SelectOptionAsync(ConsoleServer.Steady);
        await picker.SelectOptionAsync(ConsoleServer.Talker);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Take Slow Talker out" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.List, new() { Name = "Models compared" }).GetByRole(AriaRole.Listitem)).ToHaveCountAsync(2);
        await page.AskAsync("Describe a harbour town.");
        await Expect(Column(page, "Steady").Locator("[class*=markdown]")).ToContainTextAsync("a");
        await page.Page.ReloadAsync();

        await Expect(page.Page.GetByRole(AriaRole.Article, new() { Name = "You" })).ToHaveTextAsync("Describe a harbour town.");
        foreach (var name in (string[])["Coder 1.5", "Steady"])
        {
            var column = Column(page, name);
            await Expect(column.GetByRole(AriaRole.List, new() { Name = "Figures of this answer" })).ToBeVisibleAsync();
            await Expect(column.Locator("dl")).ToContainTextAsync("tokens/s");
            await Expect(column.Locator("dl")).ToContainTextAsync("$0.0");
        }
        await page.CloseAsync();
    }

    [Fact]
    public async Task Stop_EndsOneOrAllOfThem()
    {
        await using var page = await ConsolePage.OpenAsync(
            chromium, server.Process, $"{Path}?model={ConsoleServer.Talker}&model={ConsoleServer.Mortal}&model={ConsoleServer.Unreachable}");
        await page.AskAsync("Describe a harbour town.");
        await Expect(Column(page, "House Model")).ToContainTextAsync("No answer.");
        await Expect(Column(page, "Slow Talker").Locator("[class*=markdown]")).ToContainTextAsync("a");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop Slow Talker" }).ClickAsync();
        await Expect(Column(page, "Slow Talker").GetByText("Stopped at token")).ToBeVisibleAsync();
        await page.Page.GetByLabel("Message", new() { Exact = true }).PressAsync("Escape");
        await Expect(page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true })).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    private static ILocator Column(ConsolePage page, string name) => page.Page.GetByRole(AriaRole.Region, new() { Name = name, Exact = true });
}
