using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>The server owns the answers: whoever looks, and however often they leave, it goes on.</summary>
[Collection(nameof(Chromium))]
public sealed partial class ChatResumeTests(Chromium chromium, ConsoleServer server)
{
    /// <summary>The browser's own switch leaves open connections alone: here they can be cut, and new ones refused.</summary>
    private const string Cuttable = """
        const { fetch } = window;
        const open = new Set();
        let down = false;
        window.fetch = (address, init) => {
          if (!String(address).includes('/api/answers/')) return fetch(address, init);
          if (down) return Promise.reject(new TypeError('down'));
          const connection = new AbortController();
          init?.signal?.addEventListener('abort', () => connection.abort());
          open.add(connection);
          return fetch(address, { ...init, signal: connection.signal });
        };
        window.cut = () => { down = true; open.forEach(connection => connection.abort()); };
        window.mend = () => { down = false; };
        """;

    [Fact]
    public async Task RefreshMidStream_GoesOnToTheSameEnd()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Steady));
        await page.AskAsync("Describe a harbour town.");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        var before = await page.LastText.InnerTextAsync();
        await page.Page.ReloadAsync();
        await Expect(page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" })).ToBeVisibleAsync();
        await Expect(page.LastText).ToContainTextAsync(before[..^1]);
        await page.UntilAnsweredAsync();
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(2);

        // Read once more: what was drawn while it streamed is what was saved.
        var whole = await page.LastText.InnerTextAsync();
        await page.Page.ReloadAsync();
        await page.UntilAnsweredAsync();
        await Expect(page.LastText).ToHaveTextAsync(whole, new() { UseInnerText = true });
        Assert.Equal("completed", (string)(await server.Process.RecordsAsync(1, ConsoleServer.Steady))[0]["outcome"]!);
        await page.CloseAsync();
    }

    [Fact]
    public async Task TwoTabs_ShowTheSameAnswerAndEitherStopsIt()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Talker));
        await page.AskAsync("Describe a harbour town.");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        await using var second = await ConsolePage.OpenAsync(chromium, server.Process, new Uri(page.Page.Url).PathAndQuery);
        await Expect(second.LastText).ToContainTextAsync(FewWords());
        var row = second.Page.GetByRole(AriaRole.List, new() { Name = "Conversations" }).GetByRole(AriaRole.Listitem).First;
        await Expect(row).ToContainTextAsync("Answering");

        await second.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        var note = second.LastAnswer.GetByText(BilledNote());
        await Expect(note).ToBeVisibleAsync();
        await Expect(page.LastAnswer.GetByText(await note.InnerTextAsync())).ToBeVisibleAsync();
        await Expect(page.LastText).ToHaveTextAsync(await second.LastText.InnerTextAsync(), new() { UseInnerText = true });
        await Expect(row).Not.ToContainTextAsync("Answering");
        await page.CloseAsync();
        await second.CloseAsync();
    }

    [Fact]
    public async Task LostConnection_IsSaidAndTheAnswerIsFoundAgain()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Talker), new Look(Script: Cuttable));
        await page.AskAsync("Describe a harbour town.");
        await Expect(page.LastText).ToContainTextAsync(FewWords());
        await page.Page.EvaluateAsync("window.cut()");
        await Expect(page.LastAnswer).ToContainTextAsync("The connection is lost. The answer goes on at the server");
        var before = await page.LastText.InnerTextAsync();
        await page.Page.EvaluateAsync("window.mend()");
        await Expect(page.LastAnswer).Not.ToContainTextAsync("The connection is lost");
        await Expect(page.LastText).Not.ToHaveTextAsync(before, new() { UseInnerText = true });
        await page.Page.Keyboard.PressAsync("Escape");
        await Expect(page.LastAnswer.GetByText(BilledNote())).ToBeVisibleAsync();
        await page.CloseAsync();
    }

    [Fact]
    public async Task ServerKilledMidAnswer_ShowsItInterruptedWithWhatCame()
    {
        var catalog = Configs.Catalog(Configs.Model("chat", more: "--sim-token-time, 40ms"));
        var first = await PodvirtProcess.StartAsync(catalog);
        await using var page = await ConsolePage.OpenAsync(chromium, first, ConsolePage.ChatPath("chat"));
        await page.AskAsync("Describe a harbour town.");
        // What is on the page is saved within half a second, and only what was saved outlives the server.
        await Until.TrueAsync(() => HasSavedTextAsync(first.Data), () => "No part of the answer was saved.");
        await first.KillAsync();
        await Expect(page.LastAnswer).ToContainTextAsync("The connection is lost.");
        await using var again = await PodvirtProcess.StartAsync(catalog, first.Data, address: first.Address);
        await Expect(page.LastAnswer).ToContainTextAsync("The answer was interrupted.");
        await Expect(page.LastText).ToContainTextAsync(Word());
        await page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();
        await Expect(page.LastAnswer).Not.ToContainTextAsync("interrupted");
        await page.UntilAnsweredAsync();
        await page.CloseAsync();
    }

    private static async Task<bool> HasSavedTextAsync(string data)
    {
        await using var file = new SqliteConnection($"Data Source={Path.Combine(data, "conversations.db")};Mode=ReadOnly;Pooling=False");
        await file.OpenAsync();
        await using var parts = file.CreateCommand();
        parts.CommandText = "SELECT count(*) FROM part WHERE length(text) > 20";
        return (long)(await parts.ExecuteScalarAsync())! > 0;
    }

    [GeneratedRegex(@"(?:\w+\W+){4,}", RegexOptions.None, 1000)]
    private static partial Regex FewWords();

    [GeneratedRegex(@"^Stopped at token [\d,]+; billed [\d,]+ prompt \+ [\d,]+ completion\.$", RegexOptions.None, 1000)]
    private static partial Regex BilledNote();

    [GeneratedRegex(@"\w+", RegexOptions.None, 1000)]
    private static partial Regex Word();
}
