using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>
/// Draws every page of the console, empty and full, on a desk and on a phone, light and dark, into <c>artifacts/screenshots</c>.
/// Run by command: see docs/console.md.
/// </summary>
[Collection(nameof(Chromium))]
public sealed class Screenshots(Chromium chromium)
{
    private static readonly (string Name, int Width, int Height, bool Dark)[] s_looks =
    [
        ("desktop-light", 1280, 800, false), ("desktop-dark", 1280, 800, true), ("phone-light", 390, 844, false), ("phone-dark", 390, 844, true),
    ];

    private static readonly string s_folder = Path.Combine(Checkout.Root, "artifacts/screenshots");

    [Fact(Explicit = true)]
    public async Task EveryPage_IsDrawn()
    {
        if (Directory.Exists(s_folder))
        {
            Directory.Delete(s_folder, recursive: true);
        }
        await using var server = await ShownServer.StartAsync();
        await DrawAllAsync(server, "empty", new Dictionary<string, string>
        {
            ["catalog"] = ConsolePage.Catalog,
            ["chat"] = ConsolePage.ChatPath(ShownServer.Thinker),
            ["video"] = ShownServer.VideoPath,
            ["compare"] = "/inference/compare",
            ["gpu-dashboard"] = "/inference/gpu-dashboard",
            ["api-keys"] = "/inference/api-keys",
            ["usage"] = "/inference/usage",
            ["requests"] = "/inference/usage/requests",
            ["rates"] = "/inference/usage/rates",
            ["invoices"] = "/inference/usage/invoices",
            ["members"] = "/inference/members",
        });
        await DrawAllAsync(server, "full", await ShownServer.FillAsync(server));
    }

    private async Task DrawAllAsync(PodvirtProcess server, string fill, IReadOnlyDictionary<string, string> pages)
    {
        foreach (var (look, width, height, dark) in s_looks)
        {
            await using var signIn = await ConsolePage.OpenAsync(chromium, server, ConsolePage.Catalog, new Look(width, height, dark, SignedIn: false));
            await Expect(signIn.Page.GetByLabel("Admin token")).ToBeVisibleAsync();
            await DrawAsync(signIn, $"sign-in-{look}");
            foreach (var (name, path) in pages)
            {
                await using var page = await ConsolePage.OpenAsync(chromium, server, path, new Look(width, height, dark));
                if ((name, fill) == ("video", "full"))
                {
                    await ShowFirstVideoAsync(page);
                }
                await DrawAsync(page, $"{name}-{fill}-{look}");
            }
        }
    }

    /// <summary>And holds it in the middle.</summary>
    private static async Task ShowFirstVideoAsync(ConsolePage page)
    {
        await page.Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Show: ") }).First.ClickAsync();
        await new VideoPage(page).MovesAsync();
        await page.Page.Locator("video").EvaluateAsync(
            "video => new Promise(done => { video.onseeked = done; video.pause(); video.currentTime = video.duration / 2; })");
        // The click may have moved the page.
        await page.Page.EvaluateAsync("window.scrollTo(0, 0)");
    }

    private static async Task DrawAsync(ConsolePage page, string name)
    {
        // The live feed never ends, so the network is never idle: what counts is that nothing says that it loads.
        await Expect(page.Page.GetByRole(AriaRole.Heading).First).ToBeVisibleAsync();
        await Expect(page.Page.Locator("[aria-busy=true], .mantine-Loader-root, .mantine-Skeleton-root")).ToHaveCountAsync(0);
        Assert.True(await page.OverflowAsync() == 0, $"{name} is wider than its screen.");
        await page.Page.ScreenshotAsync(new() { Path = Path.Combine(s_folder, $"{name}.png"), FullPage = true });
    }
}
