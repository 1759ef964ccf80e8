using System.Text.Json;
using Microsoft.Playwright;
using Podvirt.FunctionalTests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed class AccessibilityTests(Chromium chromium, ConsoleServer server)
{
    /// <summary>Serious and critical only, one line each: rule, element, what is wrong.</summary>
    private const string Run = """
        async () => (await axe.run()).violations
          .filter(violation => ['serious', 'critical'].includes(violation.impact))
          .flatMap(violation => violation.nodes.map(node => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary}`))
        """;

    private static readonly Lazy<Task<string>> s_axe =
        new(() => File.ReadAllTextAsync(Path.Combine(Repository.Root, "src/Podvirt.Console/node_modules/axe-core/axe.min.js")));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SignInPage_HasNoSeriousBarrier(bool dark)
    {
        await using var page = await OpenAsync(ConsolePage.Catalog, new Look(Dark: dark, SignedIn: false));
        await Expect(page.Page.GetByLabel("Admin token")).ToBeVisibleAsync();
        Assert.Empty(await BarriersAsync(page));
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Catalog_HasNoSeriousBarrier(bool dark)
    {
        await using var page = await OpenAsync(ConsolePage.Catalog, new Look(Dark: dark));
        await Expect(page.Card("House Model")).ToContainTextAsync("Failed");
        Assert.Empty(await BarriersAsync(page));
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
        Assert.Empty(await BarriersAsync(page));
        await page.AskAsync("Write a C# method that merges two sorted lists.");
        await page.UntilAnsweredAsync();
        await Expect(page.LastAnswer.Locator(".hljs-keyword").First).ToBeVisibleAsync();
        await page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Regenerate" }).ClickAsync();
        await Expect(page.LastAnswer).ToContainTextAsync("2 of 2");
        await page.UntilAnsweredAsync();
        Assert.Empty(await BarriersAsync(page));
        await page.LastAnswer.GetByRole(AriaRole.Tab, new() { Name = "JSON" }).ClickAsync();
        await Expect(page.LastAnswer.GetByRole(AriaRole.List, new() { Name = "Frames" })).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await Expect(page.Page.GetByLabel("Stop sequences")).ToBeVisibleAsync();
        Assert.Empty(await BarriersAsync(page));
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
        await Expect(page.Page.GetByText("No answer.")).ToBeVisibleAsync();
        await Expect(page.Page.GetByRole(AriaRole.List, new() { Name = "Figures of this answer" }).First).ToBeVisibleAsync();
        Assert.Equal(0, await page.OverflowAsync());
        Assert.Empty(await BarriersAsync(page));
        await page.CloseAsync();
    }

    private async Task<ConsolePage> OpenAsync(string path, Look look) =>
        await ConsolePage.OpenAsync(chromium, server.Process, path, look with { Script = await s_axe.Value });

    private static async Task<string[]> BarriersAsync(ConsolePage page) =>
        (await page.Page.EvaluateAsync<JsonElement>(Run)).EnumerateArray().Select(e => e.GetString()!).ToArray();
}
