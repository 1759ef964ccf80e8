using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
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
        await second.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
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

    [Fact]
    public async Task Member_SignsInWithAPasswordAndChangesIt()
    {
        const string Old = "a boat in a bottle";
        const string New = "a ship in a lantern";
        await using var own = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        using var invited = await own.Admin.PostAsJsonAsync("api/members", new { name = "Ada", email = "ada@example.com", role = "member", projects = new[] { "default" } });
        var link = (string)JsonNode.Parse(await invited.Content.ReadAsStringAsync())!["invite_url"]!;
        await using (var first = await ConsolePage.OpenAsync(chromium, own, link, new Look(SignedIn: false)))
        {
            await first.Page.GetByLabel("New password").FillAsync(Old);
            await first.Page.GetByLabel("New password").PressAsync("Enter");
            await Expect(first.Card("chat")).ToBeVisibleAsync();
            first.Expect(403);
            await first.Page.GetByRole(AriaRole.Button, new() { Name = "Change password" }).ClickAsync();
            var current = first.Page.GetByLabel("Current password", new() { Exact = true });
            await current.FillAsync("not this one");
            await first.Page.GetByLabel("New password", new() { Exact = true }).FillAsync(New);
            await current.PressAsync("Enter");
            await Expect(first.Page.GetByText("The current password is another one.")).ToBeVisibleAsync();
            await current.FillAsync(Old);
            await current.PressAsync("Enter");
            await Expect(first.Page.GetByText("Your password is changed.")).ToBeVisibleAsync();
            await first.Page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
            await first.Page.ReloadAsync();
            await Expect(first.Card("chat")).ToBeVisibleAsync();
            await first.CloseAsync();
        }

        await using var page = await ConsolePage.OpenAsync(chromium, own, "/inference/api-keys", new Look(SignedIn: false));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in with e-mail and password" }).ClickAsync();
        var password = page.Page.GetByLabel("Password", new() { Exact = true });
        await password.FillAsync(Old);
        await password.PressAsync("Enter");
        await Expect(page.Page.GetByText("Enter your e-mail address.")).ToBeVisibleAsync();
        await page.Page.GetByLabel("E-mail").FillAsync("ada@example.com");
        await password.PressAsync("Enter");
        await Expect(page.Page.GetByText("This e-mail address and password do not belong together.")).ToBeVisibleAsync();
        await password.FillAsync(New);
        await password.PressAsync("Enter");
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "API Keys" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task TooManyAttempts_SayHowLongToWait()
    {
        await using var own = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        await using var page = await ConsolePage.OpenAsync(chromium, own, ConsolePage.Catalog, new Look(SignedIn: false));
        page.Expect(429);
        var token = page.Page.GetByLabel("Admin token");
        await token.FillAsync("not-the-token");
        for (var n = 0; n < 10; n++)
        {
            Assert.Equal(401, (await page.Page.RunAndWaitForResponseAsync(() => token.PressAsync("Enter"), "**/api/session")).Status);
            await Expect(page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true })).ToBeEnabledAsync();
        }
        await token.PressAsync("Enter");
        await Expect(page.Page.GetByText("Too many attempts. Try again in ")).ToBeVisibleAsync();
        await Expect(page.Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Wait [0-9]+ s$") })).ToBeDisabledAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task Provider_IsOfferedAndItsRefusalIsShown()
    {
        await using var page = await ConsolePage.OpenAsync(
            chromium, server.Process, "/inference/api-keys#problem=Your%20account%20has%20no%20access%20here.", new Look(SignedIn: false));
        await Expect(page.Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("Your account has no access here.");
        Assert.DoesNotContain("problem", page.Page.Url, StringComparison.Ordinal);
        await Expect(page.Page.GetByRole(AriaRole.Link)).ToHaveCountAsync(0);
        await page.Page.RouteAsync("**/api/session/methods", route => route.FulfillAsync(new()
        {
            ContentType = "application/json",
            Body = """{"token":true,"password":true,"oidc":{"name":"Acme SSO","url":"/api/session/oidc"}}""",
        }));
        await page.Page.ReloadAsync();
        await Expect(page.Page.GetByRole(AriaRole.Link, new() { Name = "Sign in with Acme SSO" }))
            .ToHaveAttributeAsync("href", "/api/session/oidc?return=%2Finference%2Fapi-keys");
        await page.CloseAsync();
    }
}
