using System.Net;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>The live half of the GPU dashboard: models, gpus, failures and transitions.</summary>
[Collection(nameof(Chromium))]
public sealed class GpuDashboardTests(Chromium chromium, DashboardServer server) : IClassFixture<DashboardServer>
{
    private const string Path = "/inference/gpu-dashboard";
    private const string WhyBroken = $"Why {DashboardServer.Broken} failed";

    [Fact]
    public async Task Request_MovesTheRowAndTheMemoryThroughTheStates_WithoutReload()
    {
        await using var page = await OpenAsync();
        var row = Row(page, DashboardServer.Sleeper);
        await Expect(row.GetByText("Cold", new() { Exact = true })).ToBeVisibleAsync();
        var log = await TextLog.OfAsync(row);

        await server.AskAsync(DashboardServer.Sleeper, stream: false, tokens: 10);

        await Expect(row.GetByText("Sleeping", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(row.GetByRole(AriaRole.Cell).Nth(3)).ToHaveTextAsync("1");
        await Expect(row).ToContainTextAsync("held asleep");
        var texts = await log.ReadAsync();
        int[] order = [.. ((string[])["Warming Up", "Active", "Sleeping"]).Select(state => Array.FindIndex(texts, t => t.Contains(state, StringComparison.Ordinal)))];
        Assert.DoesNotContain(-1, order);
        Assert.Equal(order.Order(), order);

        var memory = page.Panel("GPU memory");
        await Expect(memory.GetByText("sleeper · sleeping", new() { Exact = true })).ToBeVisibleAsync();
        await memory.GetByText("Table", new() { Exact = true }).ClickAsync();
        var holder = memory.GetByRole(AriaRole.Row).Filter(new() { HasText = DashboardServer.Sleeper });
        await Expect(holder).ToContainTextAsync("sleeping");
        await Expect(memory.GetByRole(AriaRole.Cell, new() { Name = "All", Exact = true })).ToHaveCountAsync(2);
        await page.CloseAsync();
    }

    [Fact]
    public async Task FailedModel_ShowsItsReasonAndItsEnginesLog_ByKeyboard()
    {
        await using var page = await OpenAsync();
        using (var refused = await server.Process.ChatAsync(DashboardServer.Broken, stream: false))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }
        var row = Row(page, DashboardServer.Broken);
        await Expect(row).ToContainTextAsync("exit code 1");
        await row.GetByRole(AriaRole.Button, new() { Name = WhyBroken }).FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");

        var dialog = page.Page.GetByRole(AriaRole.Dialog, new() { Name = $"{DashboardServer.Broken}: Failed" });
        await Expect(dialog).ToContainTextAsync("model_start_failed");
        var lines = await server.Process.Admin.GetStringAsync($"api/logs/{DashboardServer.Broken}");
        await Expect(dialog.Locator("pre")).ToContainTextAsync(lines.Trim().Split('\n')[^1]);
        Assert.Contains("Error", lines, StringComparison.Ordinal);

        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(dialog).ToHaveCountAsync(0);
        await Expect(row.GetByRole(AriaRole.Button, new() { Name = WhyBroken })).ToBeFocusedAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task Transitions_AreReadPageByPage_AndGrowByThemselves()
    {
        for (var n = 0; n < 4; n++)
        {
            await server.OrderAsync(DashboardServer.Mover, "wake", "Active");
            await server.OrderAsync(DashboardServer.Mover, "stop", "Cold");
        }
        await using var page = await OpenAsync();
        var items = page.Page.GetByRole(AriaRole.List, new() { Name = "Transitions" }).GetByRole(AriaRole.Listitem);
        await page.Page.GetByLabel("Model of the transitions").SelectOptionAsync(DashboardServer.Mover);
        await page.Page.WaitForURLAsync($"**{Path}?transitions={DashboardServer.Mover}");
        await Expect(items).ToHaveCountAsync(20);
        await Expect(items.First).ToContainTextAsync("stopping → gone");
        await Expect(items.First).ToContainTextAsync((string)(await NewestAsync())["reason"]!);

        var rest = (int)(await server.GetAsync($"api/transitions?model={DashboardServer.Mover}&limit=1000"))["data"]!.AsArray().Count - 20;
        Assert.InRange(rest, 1, 20);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Older" }).ClickAsync();
        await Expect(items).ToHaveCountAsync(rest);
        await page.Page.ReloadAsync();
        await Expect(items).ToHaveCountAsync(rest);
        await Expect(items.Last).ToContainTextAsync("new → placing");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Newest" }).ClickAsync();
        await Expect(items.First).ToContainTextAsync("stopping → gone");

        await server.OrderAsync(DashboardServer.Mover, "wake", "Active");
        await Expect(items.First).ToContainTextAsync("warming → active");
        await server.OrderAsync(DashboardServer.Mover, "stop", "Cold");
        await page.CloseAsync();
    }

    private static ILocator Row(ConsolePage page, string model) => page.Page.GetByRole(AriaRole.Table, new() { Name = "Models and their states" })
        .GetByRole(AriaRole.Row).Filter(new() { Has = page.Page.GetByRole(AriaRole.Rowheader).Filter(new() { HasText = model }) });

    private async Task<System.Text.Json.Nodes.JsonNode> NewestAsync() => (await server.GetAsync($"api/transitions?model={DashboardServer.Mover}&limit=1"))["data"]![0]!;

    private Task<ConsolePage> OpenAsync() => ConsolePage.OpenAsync(chromium, server.Process, Path);
}
