using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed class ChatBranchTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task RegenerateAndEdit_KeepEveryBranch()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Coder));
        await page.AskAsync("Write a SQL query for slow requests.");
        await page.UntilAnsweredAsync();
        var first = await TextAsync(page);

        await page.LastAnswer.GetByRole(AriaRole.Button, new() { Name = "Regenerate" }).ClickAsync();
        await Expect(page.LastAnswer).ToContainTextAsync("2 of 2");
        await page.UntilAnsweredAsync();
        await page.AskAsync("And for the fast ones?");
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(4);
        await page.UntilAnsweredAsync();

        // The other answer begins a branch of its own, without what was said after this one.
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Previous answer" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Article)).ToHaveCountAsync(2);
        await Expect(page.LastAnswer).ToContainTextAsync("1 of 2");
        Assert.Equal(first, await TextAsync(page));

        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Edit" }).ClickAsync();
        var field = page.Page.GetByLabel("Edited question");
        await Expect(field).ToBeFocusedAsync();
        await field.FillAsync("Write a Python function for slow requests.");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Send as a new branch" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Group, new() { Name = "Branches of this question" })).ToContainTextAsync("2 of 2");
        await page.UntilAnsweredAsync();
        await Expect(page.LastAnswer.Locator("pre[aria-label='Code in python']")).ToBeVisibleAsync();

        // A refresh shows the branch that was chosen last, and the way back leads to the newest end of the other.
        await page.Page.ReloadAsync();
        await Expect(page.Page.GetByRole(AriaRole.Article, new() { Name = "You" })).ToHaveTextAsync("Write a Python function for slow requests.");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Previous question" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Article, new() { Name = "You" }).First).ToHaveTextAsync("Write a SQL query for slow requests.");
        await Expect(page.Page.GetByRole(AriaRole.Article, new() { Name = "You" })).ToHaveCountAsync(2);
        await page.CloseAsync();
    }

    private static Task<string> TextAsync(ConsolePage page) => page.LastAnswer.GetByRole(AriaRole.Tabpanel).InnerTextAsync();
}
