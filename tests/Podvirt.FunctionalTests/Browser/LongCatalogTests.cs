using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>A catalog longer than anybody reads.</summary>
[Collection(nameof(Chromium))]
public sealed class LongCatalogTests(Chromium chromium)
{
    private const int ModelsCount = 2000;
    private const int CardsMax = 48;

    /// <summary>Typing feels immediate up to this.</summary>
    private const int TaskMsMax = 100;

    [Fact]
    public async Task TwoThousandModels_AreSearchedWhileOneTypes()
    {
        var models = Enumerable.Range(1, ModelsCount).Select(n => Model(n == 1234 ? "the-needle" : $"model-{n:0000}"));
        await using var server = await PodvirtProcess.StartAsync($"gpus:\n  simulated: {{ count: 2, type: H100, memory: 80GiB }}\nmodels:\n{string.Concat(models)}");
        await using var page = await ConsolePage.OpenAsync(chromium, server, ConsolePage.Catalog);
        var cards = page.Page.GetByRole(AriaRole.List, new() { Name = "Models" }).GetByRole(AriaRole.Listitem);
        await Expect(cards).ToHaveCountAsync(CardsMax);
        await Expect(page.Page.GetByText("1 to 48 of 2,000 models")).ToBeVisibleAsync();

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Next page" }).ClickAsync();
        await page.Page.WaitForURLAsync("**/serverless?page=2");
        await Expect(page.Names().First).ToHaveTextAsync("model-0049");
        await page.Page.ReloadAsync();
        await Expect(page.Page.GetByText("49 to 96 of 2,000 models")).ToBeVisibleAsync();

        var search = page.Page.GetByLabel("Search models");
        await using var watch = await MainThread.WatchAsync(chromium.Browser, page.Page);
        foreach (var letter in "needle")
        {
            await search.PressSequentiallyAsync(letter.ToString());
        }
        await Expect(page.Names()).ToHaveTextAsync(["the-needle"]);
        await page.Page.WaitForURLAsync("**/serverless?q=needle");
        var (longest, _) = await watch.EndAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"longest task while typing: {longest:0} ms");
        Assert.InRange(longest, 1, TaskMsMax);
        await page.CloseAsync();
    }

    private static string Model(string id) =>
        $"  - {{ id: {id}, vendor: Tests, type: chat, engine: {{ kind: simulated, model: m }}, gpu: {{ count: 1, memory: 20GiB }} }}\n";
}
