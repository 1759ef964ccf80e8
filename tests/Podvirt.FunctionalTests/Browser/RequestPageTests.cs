using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>One request, explained: where its time went, and what it cost.</summary>
[Collection(nameof(Chromium))]
public sealed class RequestPageTests(Chromium chromium, UsageServer server) : IClassFixture<UsageServer>
{
    private const string Requests = "/inference/usage/requests";

    [Fact]
    public async Task ColdRequest_TellsItsWakeApart()
    {
        var id = Assert.Single(await server.UseAsync(UsageServer.Cold, 1, tokens: 40));
        var request = await server.GetAsync($"api/requests/{id}");
        var phases = request["phases"]!.AsArray().Select(p => p!.AsObject()).ToList();
        Assert.Equal(["queue", "wake", "prefill", "decode"], phases.Select(p => (string)p["name"]!));
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Requests}/{id}");
        await Expect(page.Page.GetByText((string)request["explanation"]!)).ToBeVisibleAsync();

        var rows = page.Page.GetByRole(AriaRole.Table, new() { Name = "Phases of this request" }).Locator("tbody tr");
        await Expect(rows).ToHaveCountAsync(phases.Count);
        for (var n = 0; n < phases.Count; n++)
        {
            var cells = await rows.Nth(n).Locator("td").AllInnerTextsAsync();
            Assert.StartsWith((string)phases[n]["name"]!, await rows.Nth(n).Locator("th").InnerTextAsync(), StringComparison.OrdinalIgnoreCase);
            Assert.Equal((bool)phases[n]["billed"]! ? "Billed" : "Not billed", cells[0]);
            Assert.Equal(Milliseconds(phases[n]["duration_us"]), cells[1]);
            Assert.Equal(Milliseconds(phases[n]["start_us"]), cells[3]);
        }
        await AssertDrawnAsync(page, phases, (long)request["duration_us"]!);
        await page.CloseAsync();
    }

    [Fact]
    public async Task CostLines_AddUpToWhatIsBilled()
    {
        var id = (await server.UseAsync(UsageServer.Steady, 1))[0];
        var request = await server.GetAsync($"api/requests/{id}");
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Requests}/{id}");
        var table = page.Page.GetByRole(AriaRole.Table, new() { Name = "Cost of this request" });
        await Expect(table).ToBeVisibleAsync();
        var shown = await table.Locator("tbody tr td:last-child").AllInnerTextsAsync();
        Assert.Equal(request["cost_lines"]!.AsArray().Select(line => UsageServer.Money(line!["cost"])), shown);
        Assert.Equal(UsageServer.Money(request["cost"]), await table.Locator("tfoot td").Last.InnerTextAsync());
        Assert.NotEqual("0.000000000000", (string)request["cost"]!);
        await page.CloseAsync();
    }

    [Fact]
    public async Task AnswerOfAConversation_LeadsBackToIt()
    {
        var conversation = (string)(await PostAsync("api/conversations", new { model = UsageServer.Steady, project = "default" }))["id"]!;
        var answer = (string)(await PostAsync($"api/conversations/{conversation}/answers", new { parent = (string?)null, content = "Why do lighthouses flash?" }))["answer"]!["id"]!;
        var id = "";
        await Until.TrueAsync(
            async () =>
            {
                var now = await server.GetAsync($"api/answers/{answer}");
                id = (string?)now["request_id"] ?? "";
                return now["billed"] is not null;
            },
            () => "The answer was never billed.");
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, $"{Requests}/{id}");
        await Expect(page.Page.GetByText("Playground (no key)")).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Why do lighthouses flash?" }).ClickAsync();
        await page.Page.WaitForURLAsync($"**{ConsolePage.ChatPath(UsageServer.Steady)}?conversation={conversation}");
        await page.CloseAsync();
    }

    [Fact]
    public async Task UnknownRequest_IsSaidToBeNowhere()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, "/inference/usage/rates");
        page.Expect(404);
        await page.Page.GotoAsync($"{Requests}/01900000-0000-7000-8000-000000000000");
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "This request is not on the ledger" })).ToBeVisibleAsync();
        await Expect(page.Page.GetByRole(AriaRole.Button, new() { Name = "Look again" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    private async Task<JsonObject> PostAsync(string path, object body)
    {
        using var answer = await server.Process.Admin.PostAsJsonAsync(path, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    /// <summary>Each bar is as long as its phase, and a hatch tells those apart that are not billed.</summary>
    private static async Task AssertDrawnAsync(ConsolePage page, List<JsonObject> phases, long durationUs)
    {
        foreach (var phase in phases)
        {
            var bar = page.Page.Locator($"[data-phase={phase["name"]}]");
            var length = await bar.EvaluateAsync<double>("bar => bar.getBoundingClientRect().width / bar.parentElement.getBoundingClientRect().width");
            Assert.InRange(length, ((double)(long)phase["duration_us"]! / durationUs) - 0.01, ((double)(long)phase["duration_us"]! / durationUs) + 0.01);
            var isHatched = await bar.EvaluateAsync<bool>("bar => getComputedStyle(bar).backgroundImage !== 'none'");
            Assert.NotEqual((bool)phase["billed"]!, isHatched);
        }
    }

    private static string Milliseconds(JsonNode? us) => $"{((long)us! / 1000m).ToString("N3", CultureInfo.InvariantCulture)} ms";
}
