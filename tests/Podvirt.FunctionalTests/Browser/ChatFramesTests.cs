using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed partial class ChatFramesTests(Chromium chromium, ConsoleServer server)
{
    [Fact]
    public async Task JsonTab_HasTheExactBytesAndACommandThatRuns()
    {
        var log = new Look(Script: "navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve(); }");
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Coder), log);
        await page.AskAsync("It's about SQL: \"select\" & more?");
        await page.UntilAnsweredAsync();
        await page.LastAnswer.GetByRole(AriaRole.Tab, new() { Name = "JSON" }).ClickAsync();
        var answer = page.LastAnswer;
        await Expect(answer).ToContainTextAsync("Kept until");
        await Expect(answer.GetByRole(AriaRole.Heading, new() { Name = "Response 200" })).ToBeVisibleAsync();
        await answer.GetByText("headers").First.ClickAsync();
        await Expect(answer).ToContainTextAsync(Session());
        var frames = answer.GetByRole(AriaRole.List, new() { Name = "Frames" }).GetByRole(AriaRole.Listitem);
        // A model that slept tells that it wakes in comments before.
        await Expect(frames.Filter(new() { HasText = "chatcmpl-" }).First).ToContainTextAsync(Frame());
        await Expect(answer.GetByText("data: [DONE]")).ToHaveCountAsync(1);

        await answer.GetByRole(AriaRole.Button, new() { Name = "Copy as curl" }).ClickAsync();
        var command = await page.Page.EvaluateAsync<string>("window.copied");
        Assert.Contains("[DONE]", await RunAsync(command), StringComparison.Ordinal);

        await answer.GetByRole(AriaRole.Tab, new() { Name = "Answer" }).ClickAsync();
        await Expect(page.LastText.First).ToBeVisibleAsync();
        await Expect(answer.GetByRole(AriaRole.Link, new() { Name = "Usage record" })).ToHaveAttributeAsync("href", Record());
        await page.CloseAsync();
    }

    private static async Task<string> RunAsync(string command)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["PODVIRT_API_KEY"] = PodvirtProcess.ApiKey;
        using var shell = Process.Start(start)!;
        return await shell.StandardOutput.ReadToEndAsync();
    }

    [GeneratedRegex(@"x-podvirt-session-id: [0-9a-f-]{36}", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Session();

    [GeneratedRegex(@"#\d+\s+\+[\d.]+ m?s.*\{""id"":""chatcmpl-", RegexOptions.Singleline, 1000)]
    private static partial Regex Frame();

    [GeneratedRegex(@"^/inference/usage/requests/[0-9a-f-]{36}$", RegexOptions.None, 1000)]
    private static partial Regex Record();
}
