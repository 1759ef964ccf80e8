using System.Net;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed class CatalogTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task Catalog_ListsEveryTypeAndOffersChatWhereItCan()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, "/");
        await Expect(page.Page).ToHaveURLAsync(new Uri(server.Process.Address, ConsolePage.Catalog).ToString());
        (string Name, string Type, string Status, bool Chats)[] expected =
        [
            ("Qwen3 8B", "Chat", await server.Process.StatusAsync(ConsoleServer.Thinker), true),
            ("Coder 1.5", "Code", await server.Process.StatusAsync(ConsoleServer.Coder), true),
            ("BGE M3", "Embedding", "Cold", false),
            ("Wan 2.2", "Video generation", "Cold", false),
            ("House Model", "Chat", "Failed", true),
        ];
        foreach (var (name, type, status, chats) in expected)
        {
            await Expect(page.Card(name)).ToContainTextAsync($"· {type}");
            await Expect(page.Card(name).GetByText(status, new() { Exact = true })).ToBeVisibleAsync();
            await Expect(page.Card(name).GetByRole(AriaRole.Link, new() { Name = $"Chat with {name}" })).ToHaveCountAsync(chats ? 1 : 0);
        }
        await Expect(page.Card("Coder 1.5")).ToContainTextAsync("Prompt\n$0.10", new() { UseInnerText = true });
        await Expect(page.Card("BGE M3")).ToContainTextAsync("Input");
        var painter = page.Card("Wan 2.2").GetByRole(AriaRole.Link, new() { Name = "Video with Wan 2.2" });
        await Expect(painter).ToHaveAttributeAsync("href", VideoServer.PathOf(ConsoleServer.Painter));
        await Expect(page.Page.GetByRole(AriaRole.Link, new() { Name = "Video with" })).ToHaveCountAsync(1);
        await page.CloseAsync();
    }

    [Fact]
    public async Task ApiRequest_MovesTheCardThroughItsStatesWithoutReload()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.Catalog);
        var card = page.Card("Sleeper");
        await Expect(card.GetByText("Cold", new() { Exact = true })).ToBeVisibleAsync();
        var log = await TextLog.OfAsync(card);
        using (var response = await server.Process.ChatAsync(ConsoleServer.Sleeper, stream: false))
        {
            Assert.True(response.IsSuccessStatusCode);
        }
        await Expect(card.GetByText("Sleeping", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(card).ToContainTextAsync("1 request");
        var texts = await log.ReadAsync();
        int[] order =
        [
            FirstWith(texts, "Cold"), FirstWith(texts, "Warming Up"), FirstWith(texts, "Warming up: loading weights"), FirstWith(texts, "Active"),
            FirstWith(texts, "Sleeping"),
        ];
        Assert.DoesNotContain(-1, order);
        Assert.Equal(order.Order(), order);
        await page.CloseAsync();
    }

    [Fact]
    public async Task FilterAndSearch_StayInTheAddressAcrossReload()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.Catalog);
        await page.Page.GetByText("Code", new() { Exact = true }).ClickAsync();
        var search = page.Page.GetByLabel("Search models");
        await search.FillAsync("acme 1.5");
        await page.Page.WaitForURLAsync("**/serverless?type=code&q=acme+1.5");
        await page.Page.ReloadAsync();
        await Expect(search).ToHaveValueAsync("acme 1.5");
        await Expect(page.Page.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(1);
        await Expect(page.Card("Coder 1.5")).ToBeVisibleAsync();
        await page.Page.GetByText("All types", new() { Exact = true }).ClickAsync();
        await search.FillAsync("tests");
        await page.Page.GetByLabel("Sort by").SelectOptionAsync("name");
        await page.Page.WaitForURLAsync("**/serverless?q=tests&sort=name");
        await page.Page.ReloadAsync();
        await Expect(page.Names()).ToHaveTextAsync(["Broken", "Marathon", "Mortal", "Sleeper", "Slow Talker", "Starter", "Steady"]);
        await page.Page.GetByLabel("Sort by").SelectOptionAsync("");
        await search.FillAsync("none of them");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Clear the filters" }).ClickAsync();
        await page.Page.WaitForURLAsync("**/serverless");
        await Expect(page.Page.GetByRole(AriaRole.Listitem)).ToHaveCountAsync(12);
        await page.CloseAsync();
    }

    [Fact]
    public async Task FailedModels_SayWhy()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.Catalog);
        await Expect(page.Card("Broken")).ToContainTextAsync("Cold");
        var log = await TextLog.OfAsync(page.Card("Broken"));
        using (var refused = await server.Process.ChatAsync(ConsoleServer.Broken, stream: false))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }
        // After a pause the model may be tried again and is no longer shown as failed.
        await Until.TrueAsync(
            async () => (await log.ReadAsync()).Any(t => t.Contains("Failed", StringComparison.Ordinal) && t.Contains("exit code 1", StringComparison.Ordinal)),
            () => "The card never showed the failure.");
        await Expect(page.Card("House Model")).ToContainTextAsync("refused");
        await Expect(page.Card("House Model")).ToContainTextAsync("External");
        await page.CloseAsync();
    }

    [Fact]
    public async Task Keyboard_ReachesTheContentBySkipLink()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.Catalog);
        await Expect(page.Card("Qwen3 8B")).ToBeVisibleAsync();
        await page.Page.Keyboard.PressAsync("Tab");
        await Expect(page.Page.GetByRole(AriaRole.Link, new() { Name = "Skip to the content" })).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.Keyboard.PressAsync("Tab");
        await Expect(page.Page.GetByLabel("Search models")).ToBeFocusedAsync();
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(360)]
    [InlineData(390)]
    public async Task PhoneWidth_ScrollsDownOnly(int width)
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.Catalog, new Look(width, 740));
        await Expect(page.Card("House Model")).ToContainTextAsync("Failed");
        Assert.Equal(0, await page.OverflowAsync());
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Chat with Coder 1.5" }).ClickAsync();
        await page.AskAsync("Write a Python function that merges two sorted lists.");
        await page.UntilAnsweredAsync();
        await page.AskAsync("And in Rust?");
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(4);
        await page.UntilAnsweredAsync();
        Assert.Equal(0, await page.OverflowAsync());

        // Nobody scrolled, so the end stayed in view all the time.
        await Expect(page.Figures()).ToBeInViewportAsync(new() { Ratio = 1 });
        await Expect(page.Page.GetByRole(AriaRole.Button, new() { Name = "To the end" })).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    private static int FirstWith(string[] texts, string part) => Array.FindIndex(texts, t => t.Contains(part, StringComparison.Ordinal));
}
