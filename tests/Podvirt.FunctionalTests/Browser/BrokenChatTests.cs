using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Podvirt.FunctionalTests.Fixtures;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Answers that do not come to their end.</summary>
[Collection(nameof(Chromium))]
public sealed partial class BrokenChatTests(Chromium chromium, ConsoleServer server)
{
    /// <summary>The simulated engine writes no answer shorter than this.</summary>
    private const int ShortestAnswer = 60;

    [Fact]
    public async Task Stop_EndsTheEnginesWorkAndBillsWhatWasShown()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Talker));
        await page.AskAsync("Describe a harbour town.");
        var stop = page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" });
        await Expect(stop).ToBeVisibleAsync();
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        await stop.ClickAsync();
        var note = page.LastAnswer.GetByText(StoppedNote());
        await Expect(note).ToBeVisibleAsync();
        await Expect(page.Message).ToBeFocusedAsync();
        var shown = int.Parse(StoppedNote().Match(await note.InnerTextAsync()).Groups["tokens"].Value, CultureInfo.InvariantCulture);

        var record = Assert.Single(await server.Process.RecordsAsync(1, ConsoleServer.Talker));
        Assert.Equal("cancelled", (string)record["outcome"]!);
        Assert.Equal("playground", (string)record["surface"]!);
        Assert.InRange((long)record["completion_tokens"]!, Math.Max(1, shown), ShortestAnswer - 1);
        Assert.Equal(0, (long)(await server.Process.ModelAsync(ConsoleServer.Talker))["in_flight"]!);

        // The engine took the next one at once: it was not busy with the rest of the first.
        await page.AskAsync("And again?");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        await page.Page.ReloadAsync();
        await Expect(page.LastAnswer).ToContainTextAsync("The page was left before this answer was complete.");
        Assert.All(await server.Process.RecordsAsync(2, ConsoleServer.Talker), r => Assert.Equal("cancelled", (string)r["outcome"]!));
        await page.CloseAsync();
    }

    [Fact]
    public async Task StopWhileTheModelWarmsUp_FreesThePlace()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Starter));
        await page.AskAsync("Hello?");
        await Expect(page.LastAnswer).ToContainTextAsync("Warming up:");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Expect(page.LastAnswer.GetByText("Stopped before the first token.")).ToBeVisibleAsync();
        await Until.TrueAsync(
            async () => (long)(await server.Process.ModelAsync(ConsoleServer.Starter))["waiting"]! == 0, () => "The request still waits.");
        var record = Assert.Single(await server.Process.RecordsAsync(1, ConsoleServer.Starter));
        Assert.Equal("cancelled", (string)record["outcome"]!);
        Assert.Equal(0, (long)record["completion_tokens"]!);
        await page.CloseAsync();
    }

    [Fact]
    public async Task EngineDiesMidAnswer_ShowsWhatCameAndRetries()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Mortal));
        await page.AskAsync("Describe a harbour town.");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        server.KillEngine(ConsoleServer.Mortal);
        await Expect(page.LastAnswer).ToContainTextAsync("The answer was interrupted.");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        var record = Assert.Single(await server.Process.RecordsAsync(1, ConsoleServer.Mortal));
        Assert.Equal("truncated", (string)record["outcome"]!);
        Assert.InRange((long)record["completion_tokens"]!, 4, ShortestAnswer - 1);

        await page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();
        await Expect(page.LastAnswer).Not.ToContainTextAsync("interrupted");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(2);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Expect(page.LastAnswer).ToContainTextAsync("Stopped after");
        await page.CloseAsync();
    }

    [Fact]
    public async Task UnreachableModel_AnswersWithItsErrorAndRetry()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Unreachable));
        await Expect(page.Page.GetByText("The model failed:")).ToBeVisibleAsync();
        page.Expect(502);
        page.Expect(503);
        await page.AskAsync("Hello?");
        await Expect(page.LastAnswer).ToContainTextAsync("No answer.");
        await Expect(page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Retry" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [GeneratedRegex(@"(?:\w+\W+){4,}", RegexOptions.None, 1000)]
    private static partial Regex FewWords();

    [GeneratedRegex(@"^Stopped after (?<tokens>\d+) tokens?\.$", RegexOptions.None, 1000)]
    private static partial Regex StoppedNote();
}
