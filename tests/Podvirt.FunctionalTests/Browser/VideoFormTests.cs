using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

[Collection(nameof(Chromium))]
public sealed class VideoFormTests(Chromium chromium)
{
    private const string Quick = "--sim-load-weights, 100ms, --sim-load-compile, 50ms, --sim-load-graphs, 50ms, --sim-video-time, 20ms";

    [Fact]
    public async Task ModelThatNamesWhatItOffers_GivesChoices()
    {
        await using var server = await VideoServer.StartAsync(Quick, "{ sizes: [\"160x96\", \"96x160\"], seconds: [1, 2] }");
        var (page, video) = await VideoPage.OpenAsync(chromium, server);
        await using var _ = page;
        var size = page.Page.GetByLabel("Size", new() { Exact = true });
        await Expect(size.Locator("option")).ToHaveTextAsync(["160 × 96", "96 × 160"]);
        await size.SelectOptionAsync("96x160");
        await page.Page.GetByLabel("Seconds", new() { Exact = true }).SelectOptionAsync("2");
        await video.Prompt.FillAsync("A tall lighthouse");
        await video.Button("Make the video").ClickAsync();
        await video.UntilAsync("A tall lighthouse", "Completed");
        await video.PlaysAsync(96);
        await Expect(video.Row("A tall lighthouse")).ToContainTextAsync("Size96 × 160");
        await page.CloseAsync();
    }

    [Fact]
    public async Task WrongFields_SayWhyTakeTheFocusAndKeepWhatWasTyped()
    {
        await using var server = await VideoServer.StartAsync(Quick);
        var (page, video) = await VideoPage.OpenAsync(chromium, server);
        await using var _ = page;
        await video.Button("Make the video").ClickAsync();
        await Expect(page.Page.GetByText("Say what the video should show.")).ToBeVisibleAsync();
        await Expect(video.Prompt).ToBeFocusedAsync();
        await Expect(video.Prompt).ToHaveAttributeAsync("aria-invalid", "true");
        await video.MakeAsync("A boat", 1, "large");
        var size = page.Page.GetByLabel("Size", new() { Exact = true });
        await Expect(size).ToBeFocusedAsync();
        await Expect(size).ToHaveValueAsync("large");
        await Expect(video.Prompt).ToHaveValueAsync("A boat");

        // What the server refuses stands at the field that it names.
        page.Expect(400);
        await size.FillAsync("160x96");
        await page.Page.GetByLabel("Seconds", new() { Exact = true }).FillAsync("99999999");
        await video.Button("Make the video").ClickAsync();
        await Expect(page.Page.GetByLabel("Seconds", new() { Exact = true })).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(video.Rows).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    [Fact]
    public async Task ManyVideos_ComePageByPageNewestFirst()
    {
        await using var server = await VideoServer.StartAsync(Quick);
        List<JsonObject> asked = [];
        for (var n = 1; n <= 23; n++)
        {
            asked.Add(await VideoServer.AskAsync(server, $"Boat {n}"));
        }
        foreach (var job in asked)
        {
            await VideoServer.UntilCompletedAsync(server, job);
        }
        var (page, video) = await VideoPage.OpenAsync(chromium, server);
        await using var _ = page;
        await Expect(video.Rows).ToHaveCountAsync(20);
        await Expect(video.Rows.First).ToContainTextAsync("Boat 23");
        await video.Button("Older videos").ClickAsync();
        await Expect(video.Rows).ToHaveCountAsync(23);
        await Expect(video.Rows.Last).ToContainTextAsync("Boat 1");
        await Expect(video.Button("Older videos")).ToHaveCountAsync(0);
        await Expect(video.Said).ToHaveTextAsync("");
        await page.CloseAsync();
    }

    [Fact]
    public async Task OneVideoAtATime_LoadsItsFile()
    {
        await using var server = await VideoServer.StartAsync(Quick);
        foreach (var prompt in (string[])["First", "Second"])
        {
            await VideoServer.UntilCompletedAsync(server, await VideoServer.AskAsync(server, prompt));
        }
        var (page, video) = await VideoPage.OpenAsync(chromium, server);
        await using var _ = page;
        var asked = new List<string>();
        page.Page.Request += (_, request) =>
        {
            if (request.ResourceType == "media")
            {
                lock (asked)
                {
                    asked.Add(request.Url);
                }
            }
        };
        await Expect(video.Rows).ToHaveCountAsync(2);
        await video.Button("Show", "First").FocusAsync();
        await page.Page.Keyboard.PressAsync("Enter");
        await video.PlaysAsync(64);
        await video.Button("Show", "Second").ClickAsync();
        await Expect(video.Button("Hide", "Second")).ToBeVisibleAsync();
        await Expect(video.Player).ToHaveCountAsync(1);
        await Expect(video.Player).ToHaveAttributeAsync("aria-label", "Video: Second");
        await video.PlaysAsync(64);
        lock (asked)
        {
            Assert.Equal(2, asked.Distinct().Count());
        }
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task FormListAndPlayer_HaveNoSeriousBarrierAndFitAnyWidth(int width, bool dark)
    {
        await using var server = await VideoServer.StartAsync($"{Quick}, \"--sim-fault\", \"fail-video=A reason that is as long as the reasons of engines are, with_a_word_that_has_no_place_to_break_it_anywhere_in_all_of_its_length\"");
        var (page, video) = await VideoPage.OpenAsync(chromium, server, await Barriers.WatchedAsync(new Look(width, 844, dark)));
        await using var _ = page;
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "No videos yet" })).ToBeVisibleAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        Assert.Equal(0, await page.OverflowAsync());

        await video.Button("More").ClickAsync();
        await video.MakeAsync("A boat", 1);
        await video.UntilAsync("A boat", "Failed");
        await VideoServer.HealEngineAsync(server);
        await video.Prompt.FillAsync("A_boat_whose_name_is_longer_than_any_phone_is_wide_and_goes_on_and_on_without_a_single_space_in_it");
        await video.Button("Make the video").ClickAsync();
        await Expect(video.Rows.First).ToContainTextAsync("Completed");
        await video.PlaysAsync(160);
        Assert.Empty(await Barriers.OfAsync(page));
        Assert.Equal(0, await page.OverflowAsync());

        await video.Rows.First.GetByRole(AriaRole.Button, new() { NameRegex = new("^Delete: ") }).ClickAsync();
        await Expect(video.Button("Keep")).ToBeFocusedAsync();
        Assert.Empty(await Barriers.OfAsync(page));
        Assert.Equal(0, await page.OverflowAsync());
        await page.CloseAsync();
    }
}
