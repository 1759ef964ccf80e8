using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed partial class ChatTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task ColdModel_TellsItsWarmUpThenStreamsAndThinksApart()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Thinker));
        await Expect(page.Page.GetByText("The model is cold. The first message starts it.")).ToBeVisibleAsync();
        await page.AskAsync("Why do harbour towns grow?");
        await Expect(page.LastAnswer).ToBeVisibleAsync();
        var log = await TextLog.OfAsync(page.LastAnswer);
        await page.UntilAnsweredAsync();

        var texts = await log.ReadAsync();
        Assert.Contains(texts, t => t.Contains("Warming up: loading weights", StringComparison.Ordinal));
        Assert.InRange(texts.Select(t => t.Length).Distinct().Count(), 8, int.MaxValue);
        await Expect(page.Figures()).ToContainTextAsync(WarmedFigures());
        await Expect(page.Figures()).ToContainTextAsync("affinity new");
        await Expect(page.Page.Locator("header").GetByText("Active", new() { Exact = true })).ToBeVisibleAsync();

        var thinking = page.LastAnswer.Locator("details");
        Assert.False(await thinking.EvaluateAsync<bool>("e => e.open"));
        Assert.DoesNotContain("think>", await page.LastAnswer.InnerTextAsync(), StringComparison.Ordinal);
        await page.LastAnswer.GetByText(Thought()).ClickAsync();
        await Expect(thinking.GetByRole(AriaRole.Region, new() { Name = "Thinking" })).ToContainTextAsync(Word());

        await page.AskAsync("And which shrink?");
        await Expect(page.Page.GetByRole(AriaRole.Article, new() { Name = "You" })).ToHaveCountAsync(2);
        var second = await TextLog.OfAsync(page.LastAnswer);
        await page.UntilAnsweredAsync();
        Assert.DoesNotContain(await second.ReadAsync(), t => t.Contains("Warming up", StringComparison.Ordinal));
        await Expect(page.Figures()).Not.ToContainTextAsync("waiting for the model");
        await Expect(page.Figures()).ToContainTextAsync("affinity hit");
        await page.CloseAsync();
    }

    [Theory]
    [InlineData("/inference/serverless/acme%2Fcoder-1.5/chat")]
    [InlineData("/inference/serverless/acme/coder-1.5/chat")]
    public async Task CodeModel_DrawsACodeBlock(string path)
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, path);
        await page.Message.FillAsync("Write a Python function");
        await page.Message.PressAsync("Shift+Enter");
        await page.Message.PressSequentiallyAsync("that merges two sorted lists.");
        await page.Message.PressAsync("Enter");
        await page.UntilAnsweredAsync();
        await Expect(page.Page.GetByRole(AriaRole.Article, new() { Name = "You" })).ToHaveTextAsync("Write a Python function\nthat merges two sorted lists.");
        await Expect(page.LastAnswer.Locator("pre[aria-label='Code in python']")).ToContainTextAsync("def ");
        await Expect(page.LastAnswer.Locator(".hljs-keyword").First).ToBeVisibleAsync();
        await Expect(page.LastAnswer).Not.ToContainTextAsync("```");
        await page.CloseAsync();
    }

    [Fact]
    public async Task Answer_IsAnnouncedOnceAndNotTokenByToken()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Coder));
        await page.AskAsync("Write a SQL query for slow requests.");
        await Expect(page.LastAnswer).ToBeVisibleAsync();
        Assert.Equal("off", await page.Page.GetByRole(AriaRole.Log).GetAttributeAsync("aria-live"));
        var spoken = await TextLog.OfAsync(page.Page.GetByRole(AriaRole.Status).Last);
        await page.UntilAnsweredAsync();
        await Expect(page.Page.GetByRole(AriaRole.Status).Last).ToContainTextAsync("Coder 1.5 says:");
        var heard = (await spoken.ReadAsync()).Where(t => t.Contains("Coder 1.5", StringComparison.Ordinal)).ToList();
        Assert.InRange(heard.Count, 1, 2);
        await page.CloseAsync();
    }

    [Fact]
    public async Task Settings_GoWithTheNextQuestionAndStay()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Coder));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await page.Page.GetByLabel("System prompt").FillAsync("Be brief.");
        await page.Page.GetByLabel("Temperature").FillAsync("0.5");
        await page.Page.GetByLabel("Max tokens").FillAsync("7");
        await page.Page.GetByLabel("Stop sequences").FillAsync("never said\n\\n\\n\\n");
        await page.Page.Keyboard.PressAsync("Escape");
        await page.AskAsync("Write a SQL query for slow requests.");
        await page.UntilAnsweredAsync();
        await Expect(page.LastAnswer).ToContainTextAsync("Cut at the token limit.");
        await page.LastAnswer.GetByRole(AriaRole.Tab, new() { Name = "JSON" }).ClickAsync();
        var body = page.LastAnswer.GetByLabel("Body of the request");
        await Expect(body).ToContainTextAsync("\"max_tokens\":7");
        await Expect(body).ToContainTextAsync("\"temperature\":0.5");
        await Expect(body).ToContainTextAsync("Be brief.");
        await Expect(body).ToContainTextAsync("\"stop\":[\"never said\",\"\\n\\n\\n\"]");

        await page.Page.ReloadAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Settings" }).ClickAsync();
        await Expect(page.Page.GetByLabel("Max tokens")).ToHaveValueAsync("7");
        await Expect(page.Page.GetByLabel("Stop sequences")).ToHaveValueAsync("never said\n\\n\\n\\n");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Back to defaults" }).ClickAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await page.AskAsync("And for the fast ones?");
        await Expect(page.Page.GetByRole(AriaRole.Article, new() { Name = "Answer" })).ToHaveCountAsync(2);
        await page.UntilAnsweredAsync();
        await Expect(page.LastAnswer).Not.ToContainTextAsync("Cut at the token limit.");
        await page.CloseAsync();
    }

    [Fact]
    public async Task AddressOfAModelThatDoesNotChat_NamesTheRightEndpoint()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Embedder));
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "BGE M3 does not chat" })).ToBeVisibleAsync();
        await Expect(page.Page.GetByText("POST /v1/embeddings")).ToBeVisibleAsync();
        await page.Page.GotoAsync(ConsolePage.ChatPath(ConsoleServer.Painter));
        await Expect(page.Page.GetByText("It generates videos")).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "Make a video" }).ClickAsync();
        await Expect(page.Page).ToHaveURLAsync(new Uri(server.Process.Address, VideoServer.PathOf(ConsoleServer.Painter)).ToString());
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "New video" })).ToBeVisibleAsync();
        await page.Page.GotoAsync(VideoServer.PathOf(ConsoleServer.Coder));
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Coder 1.5 makes no videos" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task UnknownAddress_OffersTheWayBack()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath("no/such-model-2.5"));
        await Expect(page.Page.GetByText("no/such-model-2.5")).ToBeVisibleAsync();
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "To the models" }).ClickAsync();
        await Expect(page.Card("Qwen3 8B")).ToBeVisibleAsync();
        await page.Page.GotoAsync("/inference/nothing");
        await Expect(page.Page.GetByText("There is no page at this address")).ToBeVisibleAsync();
        page.Expect(404);
        await page.Page.GotoAsync($"{ConsolePage.ChatPath(ConsoleServer.Coder)}?conversation=gone");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Begin a new chat" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "Chat with Coder 1.5" })).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    /// <summary>Time to first token with the wait, speed, tokens, cost and the whole.</summary>
    [GeneratedRegex(@"First token [\d.]+ s \([\d.]+ s waiting for the model\).*\d+ tokens/s.*\d+ prompt.* \d+ completion tokens.*\$0\.\d+.*in all", RegexOptions.Singleline, 1000)]
    private static partial Regex WarmedFigures();

    [GeneratedRegex(@"^Thought for [\d.]+ m?s · (?:≈ )?\d+ tokens$", RegexOptions.None, 1000)]
    private static partial Regex Thought();

    [GeneratedRegex(@"\w+", RegexOptions.None, 1000)]
    private static partial Regex Word();
}
