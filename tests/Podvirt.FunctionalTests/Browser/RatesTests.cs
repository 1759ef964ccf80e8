using System.Net.Http.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>What models cost, cost before and will cost, and how an admin changes it.</summary>
[Collection(nameof(Chromium))]
public sealed class RatesTests(Chromium chromium, UsageServer server) : IClassFixture<UsageServer>
{
    private const string Rates = "/inference/usage/rates";

    [Fact]
    public async Task NewRate_IsInForceAtOnceAndKeepsTheOldOne()
    {
        await using var page = await OpenAsync(UsageServer.Steady);
        var history = page.Page.GetByRole(AriaRole.Table, new() { Name = "Rate versions, newest first, in US dollars" });
        await Expect(history.Locator("tbody tr")).ToHaveCountAsync(1);
        var form = page.Page.GetByRole(AriaRole.Form, new() { Name = $"New rate of {UsageServer.Steady}" });
        await Expect(form.GetByLabel("Prompt", new() { Exact = true })).ToHaveValueAsync("0.10");

        await form.GetByLabel("Prompt", new() { Exact = true }).FillAsync("0.1234567");
        await form.GetByRole(AriaRole.Button, new() { Name = "Set this rate" }).ClickAsync();
        await Expect(form.GetByLabel("Prompt", new() { Exact = true })).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(form).ToContainTextAsync("at most six decimals");

        await form.GetByLabel("Prompt", new() { Exact = true }).FillAsync("0.123456");
        await form.GetByLabel("Set by").FillAsync("Ada");
        await form.GetByLabel("Set by").PressAsync("Enter");
        await Expect(form.GetByRole(AriaRole.Status)).ToHaveTextAsync("Version 2 is in force.");
        await Expect(history.Locator("tbody tr")).ToHaveCountAsync(2);
        await Expect(history.Locator("tbody tr").First).ToContainTextAsync("In force");
        await Expect(history.Locator("tbody tr").First).ToContainTextAsync("$0.123456");
        await Expect(history.Locator("tbody tr").Last).ToContainTextAsync("Earlier");

        var rate = (await server.GetAsync($"api/models/{UsageServer.Steady}/rates"))["data"]![1]!;
        Assert.Equal(("0.123456", "0.02", "0.30", "Ada", true), ((string)rate["prompt"]!, (string)rate["cached"]!, (string)rate["completion"]!, (string)rate["set_by"]!, (bool)rate["in_force"]!));
        await page.CloseAsync();
    }

    [Fact]
    public async Task RefusalOfTheServer_StandsAtItsField()
    {
        await using var page = await OpenAsync(UsageServer.Cold);
        page.Expect(400);
        var form = page.Page.GetByRole(AriaRole.Form, new() { Name = $"New rate of {UsageServer.Cold}" });
        await form.GetByLabel("Completion").FillAsync("1000001");
        await form.GetByRole(AriaRole.Button, new() { Name = "Set this rate" }).ClickAsync();
        await Expect(form).ToContainTextAsync("1000001 is not a price");
        await Expect(form.GetByLabel("Completion")).ToHaveAttributeAsync("aria-invalid", "true");
        Assert.Single((await server.GetAsync($"api/models/{UsageServer.Cold}/rates"))["data"]!.AsArray());
        await page.CloseAsync();
    }

    [Fact]
    public async Task RateSetAhead_IsShownBesideTheOneInForce()
    {
        var next = DateTimeOffset.UtcNow.Year + 1;
        await using var page = await OpenAsync(UsageServer.Other);
        await page.Page.GetByLabel("Completion").FillAsync("0.5");
        await page.Page.GetByLabel("Begins (UTC)").FillAsync($"{next}-01-01T00:00");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Set this rate" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Status).Filter(new() { HasText = "Version 2 begins on" })).ToBeVisibleAsync();
        var first = page.Page.GetByRole(AriaRole.Table, new() { Name = "Rate versions, newest first, in US dollars" }).Locator("tbody tr").First;
        await Expect(first).ToContainTextAsync("Set ahead");
        Assert.Equal(
            new DateTimeOffset(next, 1, 1, 0, 0, 0, TimeSpan.Zero),
            (DateTimeOffset)(await server.GetAsync($"api/models/{UsageServer.Other}/rates"))["data"]![1]!["from"]!);

        await page.Page.GetByRole(AriaRole.Link, new() { Name = "All rates" }).ClickAsync();
        var row = page.Page.GetByRole(AriaRole.Table, new() { Name = "Rates in force, in US dollars" }).Locator("tbody tr").Filter(new() { HasText = UsageServer.Other });
        await Expect(row).ToContainTextAsync("version 2 from 1 Jan");
        await Expect(row).ToContainTextAsync("$0.30");
        await page.CloseAsync();
    }

    [Fact]
    public async Task Rerating_IsListedAndStandsOnTheRequest()
    {
        var id = (await server.UseAsync(UsageServer.Cold, 1))[0];
        var now = DateTimeOffset.UtcNow;
        using var rerated = await server.Process.Admin.PostAsJsonAsync(
            $"api/models/{UsageServer.Cold}/rerate",
            new { from = now.AddHours(-1), to = now.AddHours(1), rate_version = 0, reason = "The gpu was on fire", by = "Grace" });
        Assert.True(rerated.IsSuccessStatusCode, await rerated.Content.ReadAsStringAsync());
        var request = await server.GetAsync($"api/requests/{id}");
        Assert.Equal("0.000000000000", (string)request["cost"]!);

        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, Rates);
        var table = page.Page.GetByRole(AriaRole.Table, new() { Name = "Re-ratings, newest first" });
        await Expect(table).ToContainTextAsync("The gpu was on fire");
        await Expect(table).ToContainTextAsync("Grace");
        var made = (await server.GetAsync("api/reratings"))["data"]![0]!;
        await Expect(table).ToContainTextAsync(UsageServer.Money(made["difference"]));

        await page.Page.GotoAsync($"/inference/usage/requests/{id}");
        var costs = page.Page.GetByRole(AriaRole.Table, new() { Name = "Cost of this request" });
        await Expect(costs).ToContainTextAsync("Adjustment by re-rating");
        await Expect(costs.Locator("tfoot")).ToContainTextAsync(UsageServer.Money(request["cost"]));
        await page.CloseAsync();
    }

    private async Task<ConsolePage> OpenAsync(string model) =>
        await ConsolePage.OpenAsync(chromium, server.Process, $"{Rates}?model={Uri.EscapeDataString(model)}");
}
