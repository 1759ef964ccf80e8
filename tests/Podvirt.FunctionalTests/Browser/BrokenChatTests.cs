using System.Globalization;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Answers that do not come to their end.</summary>
[Collection(nameof(Chromium))]
public sealed partial class BrokenChatTests(Chromium chromium, ConsoleServer server)
{
    /// <summary>The simulated engine writes no answer shorter than this.</summary>
    private const int ShortestAnswer = 60;

    [Fact]
    public async Task Stop_EndsTheEnginesWorkAndSaysWhatItIsBilled()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Talker));
        var earlier = (await server.Process.RecordsAsync(0, ConsoleServer.Talker)).Count;
        await page.AskAsync("Describe a harbour town.");
        var stop = page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" });
        await Expect(stop).ToBeVisibleAsync();
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        await stop.ClickAsync();
        var note = page.LastAnswer.GetByText(StoppedNote());
        await Expect(note).ToBeVisibleAsync();
        await Expect(page.Message).ToBeFocusedAsync();
        var match = StoppedNote().Match(await note.InnerTextAsync());

        var record = (await server.Process.RecordsAsync(earlier + 1, ConsoleServer.Talker))[0];
        Assert.Equal("cancelled", (string)record["outcome"]!);
        Assert.Equal("playground", (string)record["surface"]!);
        Assert.Equal(Count(match, "tokens"), (long)record["completion_tokens"]!);
        Assert.Equal(Count(match, "completion"), (long)record["completion_tokens"]!);
        Assert.Equal(Count(match, "prompt"), (long)record["prompt_tokens"]!);
        Assert.InRange(Count(match, "tokens"), 4, ShortestAnswer - 1);
        Assert.Equal(0, (long)(await server.Process.ModelAsync(ConsoleServer.Talker))["in_flight"]!);

        // The engine takes the next one at once: it is not busy with the rest of the first.
        await page.AskAsync("And again?");
        await Expect(page.Page.GetByRole(AriaRole.Article, new() { Name = "Answer" })).ToHaveCountAsync(2);
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.LastAnswer.GetByText(StoppedNote())).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task StopWhileTheModelWarmsUp_FreesThePlace()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Starter));
        await page.AskAsync("Hello?");
        await Expect(page.LastAnswer).ToContainTextAsync("Warming up:");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Expect(page.LastAnswer.GetByText("Stopped before the first token")).ToBeVisibleAsync();
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
        var earlier = (await server.Process.RecordsAsync(0, ConsoleServer.Mortal)).Count;
        await page.AskAsync("Describe a harbour town.");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        server.KillEngine(ConsoleServer.Mortal);
        await Expect(page.LastAnswer).ToContainTextAsync("The answer was interrupted.");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        var record = (await server.Process.RecordsAsync(earlier + 1, ConsoleServer.Mortal))[0];
        Assert.Equal("truncated", (string)record["outcome"]!);
        Assert.InRange((long)record["completion_tokens"]!, 4, ShortestAnswer - 1);

        await page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();
        await Expect(page.LastAnswer).Not.ToContainTextAsync("interrupted");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(2);
        await Expect(page.LastAnswer).ToContainTextAsync("2 of 2");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await Expect(page.LastAnswer).ToContainTextAsync("Stopped at token");
        await page.CloseAsync();
    }

    [Fact]
    public async Task UnreachableModel_AnswersWithItsErrorAndRetry()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Unreachable));
        await Expect(page.Page.GetByText("The model failed:")).ToBeVisibleAsync();
        await page.AskAsync("Hello?");
        await Expect(page.LastAnswer).ToContainTextAsync("No answer.");
        await Expect(page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Retry" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task ProjectWithoutTokensLeft_IsToldSo()
    {
        var project = await server.Process.Admin.PostAsJsonAsync("api/projects", new { id = "spent", name = "Spent", plan = ConsoleServer.SpentPlan });
        Assert.True(project.IsSuccessStatusCode, await project.Content.ReadAsStringAsync());
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Coder));
        await page.Page.GetByLabel("Project").SelectOptionAsync("spent");
        await Expect(page.Page.GetByText("Billed to Spent.")).ToBeVisibleAsync();
        await page.AskAsync("Hello?");
        await Expect(page.LastAnswer).ToContainTextAsync("A spending limit is used up.");
        await Expect(page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Retry" })).ToBeVisibleAsync();

        // The conversation stays with the project that it was begun for.
        await page.Page.GetByLabel("Project").SelectOptionAsync("default");
        await Expect(page.Page.GetByText("Billed to Spent.")).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    private static long Count(Match match, string name) =>
        long.Parse(match.Groups[name].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?:\w+\W+){4,}", RegexOptions.None, 1000)]
    private static partial Regex FewWords();

    [GeneratedRegex(@"^Stopped at token (?<tokens>[\d,]+); billed (?<prompt>[\d,]+) prompt \+ (?<completion>[\d,]+) completion\.$", RegexOptions.None, 1000)]
    private static partial Regex StoppedNote();
}
