using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Every page of Usage Analytics on a desk and on a phone, light and dark: no barrier, and no wider than its screen.</summary>
[Collection(nameof(Chromium))]
public sealed class UsageLooksTests(Chromium chromium, UsageServer server) : IClassFixture<UsageServer>
{
    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task EveryPage_HasNoSeriousBarrierAndFits(int width, bool dark)
    {
        var id = (await server.UseAsync(UsageServer.Steady, 2))[0];
        var invoice = (string)(await server.GetAsync("api/invoices?project=default"))["data"]![0]!["id"]!;
        await using var page = await ConsolePage.OpenAsync(
            chromium, server.Process, "/inference/usage", await Barriers.WatchedAsync(new Look(width, 844, dark)));
        foreach (var (path, table) in ((string, string)[])
            [
                ("/inference/usage", "Usage by model"), ("/inference/usage?group=hour&range=24h&project=*", "Usage by hour"),
                ("/inference/usage/requests?project=*", "Requests, newest first"), ($"/inference/usage/requests/{id}", "Cost of this request"),
                ("/inference/usage/rates", "Rates in force, in US dollars"),
                ($"/inference/usage/rates?model={Uri.EscapeDataString(UsageServer.Steady)}", "Rate versions, newest first, in US dollars"),
                ("/inference/usage/invoices", "Invoices"), ($"/inference/usage/invoices/{invoice}", "Usage of the month"),
            ])
        {
            await page.Page.GotoAsync(path);
            await Expect(page.Page.GetByRole(AriaRole.Table, new() { Name = table })).ToBeVisibleAsync();
            Assert.Empty((await Barriers.OfAsync(page)).Select(barrier => $"{path}: {barrier}"));
            Assert.True(await page.OverflowAsync() == 0, $"{path} is wider than {width} pixels.");
        }
        await page.CloseAsync();
    }

    [Fact]
    public async Task Keyboard_MovesThroughThePagesAndIntoTheTable()
    {
        await server.UseAsync(UsageServer.Steady, 1);
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, "/inference/usage");
        await Expect(page.Page.GetByRole(AriaRole.Table, new() { Name = "Usage by model" })).ToBeVisibleAsync();
        var parts = page.Page.GetByRole(AriaRole.Navigation, new() { Name = "Usage Analytics" });
        await parts.GetByRole(AriaRole.Link, new() { Name = "Requests" }).FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Page.WaitForURLAsync("**/usage/requests");
        var region = page.Page.GetByRole(AriaRole.Region, new() { Name = "Requests, newest first" });
        await region.FocusAsync();
        await Expect(region).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Tab");
        await Expect(region.Locator("tbody th a").First).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Where its time went" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }
}
