using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>What the catalog says of a model's use: the month's tokens of the plan, and how fast it answers.</summary>
[Collection(nameof(Chromium))]
public sealed class CatalogUsageTests(Chromium chromium)
{
    private static readonly string[] s_models = ["calm", "busy", "tight", "spent", "idle"];

    [Fact]
    public async Task UsageBar_TurnsWithItsShareAndSaysSo()
    {
        await using var server = await PodvirtProcess.StartAsync(Catalog(""));
        foreach (var model in s_models[..4])
        {
            using var answer = await server.ChatAsync(model, stream: true, more: new { max_tokens = 40, ignore_eos = true });
            await answer.Content.ReadAsByteArrayAsync();
        }
        await server.RecordsAsync(4);
        await using var page = await ConsolePage.OpenAsync(chromium, server, ConsolePage.Catalog);
        await Expect(page.Card("calm")).ToContainTextAsync("No limit");

        // The limits are made to fit what was used: a half, eight tenths, nineteen twentieths and all of it.
        var used = await UsedAsync(server, "calm");
        var limits = $"{{ calm: {used * 2}, busy: {used * 10 / 8}, tight: {used * 20 / 19}, spent: {used}, idle: 1000 }}";
        using (var applied = await server.Admin.PostAsync("api/catalog", new StringContent(Catalog($"plans:\n  - id: team\n    tokens_per_month: {limits}\n"))))
        {
            Assert.True(applied.IsSuccessStatusCode, await applied.Content.ReadAsStringAsync());
        }
        using (var given = await server.Admin.PatchAsJsonAsync("api/projects/default", new { plan = "team" }))
        {
            Assert.True(given.IsSuccessStatusCode, await given.Content.ReadAsStringAsync());
        }
        foreach (var (model, word, tone) in ((string, string, string)[])
            [("calm", "Within the limit", "good"), ("busy", "Filling up", "filling"), ("tight", "Nearly used up", "full"), ("spent", "Used up · 100 %", "full"), ("idle", "Within the limit · 0 %", "good")])
        {
            // The page hears of it by itself.
            await Expect(page.Card(model)).ToContainTextAsync(word);
            await Expect(page.Card(model).Locator("[data-tone]").Filter(new() { HasText = word })).ToHaveAttributeAsync("data-tone", tone);
        }
        await Expect(page.Card("calm")).ToContainTextAsync($"{used} of {used * 2} tokens");
        var meter = page.Card("tight").GetByRole(AriaRole.Meter, new() { Name = "Tokens of tight this month" });
        await Expect(meter).ToHaveAttributeAsync("aria-valuetext", $"{used} of {used * 20 / 19} tokens, {used * 100 / (used * 20 / 19)} %: Nearly used up");

        await page.Page.GetByLabel("Sort by").SelectOptionAsync("usage");
        await Expect(page.Names().Last).ToHaveTextAsync("idle");
        await page.CloseAsync();
    }

    [Fact]
    public async Task Speed_IsThereOnceSomebodyCalled()
    {
        await using var server = await PodvirtProcess.StartAsync(Catalog(""));
        await using (var before = await ConsolePage.OpenAsync(chromium, server, ConsolePage.Catalog))
        {
            await Expect(before.Card("calm")).ToContainTextAsync("First token, p50 of 24 h\nNo calls yet", new() { UseInnerText = true });
            await before.CloseAsync();
        }
        using (var answer = await server.ChatAsync("calm", stream: true, more: new { max_tokens = 40, ignore_eos = true }))
        {
            await answer.Content.ReadAsByteArrayAsync();
        }
        await server.RecordsAsync(1);
        await using var page = await ConsolePage.OpenAsync(chromium, server, $"{ConsolePage.Catalog}?sort=speed");
        await Expect(page.Names().First).ToHaveTextAsync("calm");
        await Expect(page.Card("calm")).ToContainTextAsync(new System.Text.RegularExpressions.Regex(@"First token, p50 of 24 h\s*[\d.]+ m?s\s*Tokens per second\s*\d"));
        await Expect(page.Card("busy")).ToContainTextAsync("No calls yet");
        await page.CloseAsync();
    }

    [Fact]
    public async Task AlwaysOnModel_IsMarked()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(
            Configs.Model("steady", replicas: "{ min: 1, max: 1, concurrency: 4 }"), Configs.Model("elastic")));
        await using var page = await ConsolePage.OpenAsync(chromium, server, ConsolePage.Catalog);
        await Expect(page.Card("steady")).ToContainTextAsync("Always on");
        await Expect(page.Card("elastic")).Not.ToContainTextAsync("Always on");
        await page.CloseAsync();
    }

    private static string Catalog(string plans) => Configs.Catalog([.. s_models.Select(m => Configs.Model(m, memory: "10GiB"))]) + "\n" + plans;

    private static async Task<long> UsedAsync(PodvirtProcess server, string model)
    {
        var usage = await server.Admin.GetFromJsonAsync<JsonObject>("api/projects/default/usage");
        return (long)usage!["models"]!.AsArray().Single(m => (string)m!["model"]! == model)!["used"]!;
    }
}
