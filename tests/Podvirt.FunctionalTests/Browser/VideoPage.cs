using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>What stands on the video page.</summary>
internal sealed class VideoPage(ConsolePage page)
{
    public ILocator Prompt => page.Page.GetByLabel("Prompt", new() { Exact = true });

    /// <summary>The videos, newest first.</summary>
    public ILocator Rows => page.Page.GetByRole(AriaRole.List, new() { Name = "Videos" }).GetByRole(AriaRole.Listitem);

    public ILocator Player => page.Page.Locator("video");

    public ILocator Row(string prompt) => Rows.Filter(new() { Has = page.Page.GetByRole(AriaRole.Heading, new() { Name = prompt, Exact = true }) });

    public ILocator Button(string name) => page.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>A button of the row of this video.</summary>
    public ILocator Button(string name, string prompt) => Button($"{name}: {prompt}");

    /// <summary>What a screen reader is told of the list.</summary>
    public ILocator Said => page.Page.GetByRole(AriaRole.Region, new() { Name = "Videos" }).GetByRole(AriaRole.Status).Last;

    public static async Task<(ConsolePage Page, VideoPage Video)> OpenAsync(Chromium chromium, PodvirtProcess server, Look? look = null)
    {
        var page = await ConsolePage.OpenAsync(chromium, server, VideoServer.Path, look);
        var video = new VideoPage(page);
        await Expect(video.Prompt).ToBeVisibleAsync();
        return (page, video);
    }

    /// <summary>Fills the form of a model that leaves size and length free, and sends it.</summary>
    public async Task MakeAsync(string prompt, int seconds, string size = "160x96")
    {
        await Prompt.FillAsync(prompt);
        await page.Page.GetByLabel("Size", new() { Exact = true }).FillAsync(size);
        await page.Page.GetByLabel("Seconds", new() { Exact = true }).FillAsync($"{seconds}");
        await Button("Make the video").ClickAsync();
    }

    public Task UntilAsync(string prompt, string state) => Expect(Row(prompt)).ToContainTextAsync(state);

    /// <summary>Waits until the engine says that it has got somewhere.</summary>
    public Task UntilProgressAsync(string prompt) => Row(prompt).GetByRole(AriaRole.Progressbar).EvaluateAsync("""
        bar => new Promise(done => {
          const look = () => bar.value > 0 ? done() : requestAnimationFrame(look);
          look();
        })
        """);

    /// <summary>The browser has decoded pictures of it, and moves on.</summary>
    public async Task PlaysAsync(int width)
    {
        await Expect(Player).ToHaveJSPropertyAsync("videoWidth", width);
        await Player.EvaluateAsync("video => video.play()");
        await MovesAsync();
    }

    public async Task MovesAsync()
    {
        await Player.EvaluateAsync("""
            video => new Promise(done => {
              const look = () => video.currentTime > 0.2 ? done() : requestAnimationFrame(look);
              look();
            })
            """);
        Assert.InRange(await Player.EvaluateAsync<int>("video => video.readyState"), 2, 4);
    }
}
