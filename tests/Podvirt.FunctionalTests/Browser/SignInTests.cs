using Microsoft.Playwright;
using Podvirt.FunctionalTests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed class SignInTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task BannerLink_SignsInOnceAndLeavesTheAddress()
    {
        var link = await server.BannerLinkAsync();
        await using (var first = await ConsolePage.OpenAsync(chromium, server.Process, link, new Look(SignedIn: false)))
        {
            await Expect(first.Page.GetByRole(AriaRole.Heading, new() { Name = "Serverless" })).ToBeVisibleAsync();
            await Expect(first.Page).ToHaveURLAsync(new Uri(server.Process.Address, ConsolePage.Catalog).ToString());
            Assert.DoesNotContain("signin", await first.Page.EvaluateAsync<string>("location.href"), StringComparison.Ordinal);
            await first.Page.ReloadAsync();
            await Expect(first.Card("Qwen3 8B")).ToBeVisibleAsync();
            await first.CloseAsync();
        }

        await using var second = await ConsolePage.OpenAsync(chromium, server.Process, link, new Look(SignedIn: false));
        await Expect(second.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("used before or has expired");
        Assert.DoesNotContain("signin", second.Page.Url, StringComparison.Ordinal);
        var token = second.Page.GetByLabel("Admin token");
        await token.FillAsync("not-the-token");
        await token.PressAsync("Enter");
        await Expect(second.Page.GetByText("That is not the admin token of this server.")).ToBeVisibleAsync();
        await token.FillAsync(PodvirtProcess.AdminToken);
        await second.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(second.Card("Qwen3 8B")).ToBeVisibleAsync();
        await second.CloseAsync();
    }

    [Fact]
    public async Task SignOut_EndsTheSessionAndASignInReturnsToTheSamePage()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Coder));
        await Expect(page.Message).ToBeFocusedAsync();
        page.Expect(401);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        var token = page.Page.GetByLabel("Admin token");
        await Expect(token).ToBeVisibleAsync();
        Assert.Equal(401, (await page.Page.APIRequest.GetAsync("/api/models")).Status);
        await page.Page.ReloadAsync();
        await token.FillAsync(PodvirtProcess.AdminToken);
        await token.PressAsync("Enter");
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Coder 1.5", Exact = true })).ToBeVisibleAsync();
        await page.CloseAsync();
    }
}
