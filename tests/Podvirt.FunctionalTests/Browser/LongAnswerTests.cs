using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed partial class LongAnswerTests(Chromium chromium, ConsoleServer server)
{
    private const double LongestTaskMs = 100;
    private const long HeapBytesMax = 200L << 20;
    private const float PatienceMs = 120_000;

    [Fact]
    public async Task AnswerOfAHundredThousandTokens_LeavesThePageToItsReader()
    {
        await using var page = await ConsolePage.OpenAsync(chromium, server.Process, ConsolePage.ChatPath(ConsoleServer.Marathon));
        await Expect(page.Message).ToBeVisibleAsync();
        await using var tasks = await MainThread.WatchAsync(chromium.Browser, page.Page);
        await page.AskAsync("Describe a harbour town.");
        await Expect(page.Figures()).ToBeVisibleAsync(new() { Timeout = PatienceMs });
        await Expect(page.Figures()).ToContainTextAsync(HundredThousand());
        await Expect(page.Page.GetByRole(AriaRole.Log).Locator("[data-growing]")).ToHaveCountAsync(0, new() { Timeout = PatienceMs });

        // Opening it again draws it bit by bit too.
        await page.Page.ReloadAsync();
        await Expect(page.Figures()).ToBeVisibleAsync(new() { Timeout = PatienceMs });
        await Expect(page.Page.GetByRole(AriaRole.Log).Locator("[data-growing], [data-later]")).ToHaveCountAsync(0, new() { Timeout = PatienceMs });
        var (longestMs, heapBytes) = await tasks.EndAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"longest task {longestMs:0.0} ms, heap {heapBytes >> 20} MiB");
        Assert.InRange(longestMs, 1, LongestTaskMs);
        Assert.InRange(heapBytes, 1, HeapBytesMax);
        await page.CloseAsync();
    }

    [GeneratedRegex(@"10\d,\d{3} completion tokens", RegexOptions.None, 1000)]
    private static partial Regex HundredThousand();
}
