using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Videos from the form to their deletion, made by real jobs and played by the browser.</summary>
[Collection(nameof(Chromium))]
public sealed class VideoTests(Chromium chromium)
{
    private const string Load = "--sim-load-weights, 2500ms, --sim-load-compile, 300ms, --sim-load-graphs, 200ms";
    private const string Quick = "--sim-load-weights, 100ms, --sim-load-compile, 50ms, --sim-load-graphs, 50ms, --sim-video-time, 50ms";
    private const string Boat = "A paper boat sails down a rainy street";

    /// <summary>The smallest PNG there is: one sample.</summary>
    private static readonly byte[] s_png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    [Fact]
    public async Task ColdModel_MakesAVideoThatPlaysIsKeptDownloadedAndDeleted()
    {
        await using var server = await VideoServer.StartAsync($"{Load}, --sim-video-time, 2500ms");
        await using var page = await ConsolePage.OpenAsync(chromium, server, ConsolePage.Catalog);
        await Expect(page.Card(VideoServer.Name).GetByRole(AriaRole.Link, new() { Name = "Chat" })).ToHaveCountAsync(0);
        await page.Card(VideoServer.Name).GetByRole(AriaRole.Link, new() { Name = $"Video with {VideoServer.Name}" }).ClickAsync();
        var video = new VideoPage(page);
        var answers = new ConcurrentBag<int>();
        page.Page.Response += (_, response) =>
        {
            if (response.Url.Contains("/content", StringComparison.Ordinal))
            {
                answers.Add(response.Status);
            }
        };
        await Expect(page.Page.GetByText("The model is cold. The first video starts it.")).ToBeVisibleAsync();
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "No videos yet" })).ToBeVisibleAsync();
        await video.Button("Describe the first one").ClickAsync();
        await Expect(video.Prompt).ToBeFocusedAsync();

        var spoken = await TextLog.OfAsync(video.Said);
        await video.MakeAsync(Boat, 2, "320x192");
        await Expect(page.Page.GetByText("2 s at $0.0375 cost $0.075.")).ToBeVisibleAsync();
        await Expect(video.Row(Boat)).ToBeVisibleAsync();
        var log = await TextLog.OfAsync(video.Row(Boat));
        await video.UntilProgressAsync(Boat);
        await video.UntilAsync(Boat, "Completed");
        var texts = await log.ReadAsync();
        Assert.Contains(texts, t => t.Contains("Warming up: loading weights", StringComparison.Ordinal));
        Assert.Contains(texts, t => t.Contains("The engine makes the video", StringComparison.Ordinal));
        await Expect(video.Row(Boat)).ToContainTextAsync("StartCold, after");

        // What was asked for here is shown once it is there, in parts that the browser asks for.
        await video.PlaysAsync(320);
        Assert.Contains(206, answers);
        await Expect(video.Said).ToHaveTextAsync($"“{Boat}” is ready");
        var heard = await spoken.ReadAsync();
        Assert.Equal(heard.Distinct(StringComparer.Ordinal), heard);
        Assert.Contains($"“{Boat}” waits for the model: loading weights", heard);
        Assert.Contains($"“{Boat}” is being made", heard);

        await page.Page.ReloadAsync();
        await video.UntilAsync(Boat, "Completed");
        await Expect(video.Player).ToHaveCountAsync(0);
        await video.Button("Show", Boat).ClickAsync();
        await video.MovesAsync();
        await video.Button("Hide", Boat).ClickAsync();
        await Expect(video.Player).ToHaveCountAsync(0);

        var download = await page.Page.RunAndWaitForDownloadAsync(() => page.Page.GetByRole(AriaRole.Link, new() { Name = $"Download: {Boat}" }).ClickAsync());
        var file = await File.ReadAllBytesAsync((await download.PathAsync())!);
        Assert.Equal("ftyp"u8, file.AsSpan(4, 4));
        Assert.EndsWith(".mp4", download.SuggestedFilename, StringComparison.Ordinal);

        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal(("completed", "videos", "default"), ((string)record["outcome"]!, (string)record["surface"]!, (string)record["project"]!));
        await Expect(video.Row(Boat)).ToContainTextAsync($"Cost{VideoServer.Money(record["cost"])}");
        await Expect(video.Row(Boat)).ToContainTextAsync("Billed2 s");
        await video.Row(Boat).GetByRole(AriaRole.Link, new() { Name = VideoServer.Money(record["cost"]) }).ClickAsync();
        await Expect(page.Page.GetByText((string)record["id"]!).First).ToBeVisibleAsync();
        await page.Page.GoBackAsync();

        await video.Button("Delete", Boat).ClickAsync();
        await Expect(video.Button("Keep")).ToBeFocusedAsync();
        await page.Page.Keyboard.PressAsync("Escape");
        await video.Button("Delete", Boat).ClickAsync();
        await video.Button("Delete").ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "No videos yet" })).ToBeVisibleAsync();
        Assert.Empty((await server.Admin.GetFromJsonAsync<JsonObject>("api/videos?project=default"))!["data"]!.AsArray());
        Assert.Single(await server.RecordsAsync(1));
        await page.CloseAsync();
    }

    [Fact]
    public async Task FailedVideo_SaysWhyAndIsTriedAgainWithItsSettings()
    {
        await using var server = await VideoServer.StartAsync($"{Quick}, \"--sim-fault\", \"fail-video=400:The filter does not like boats.\"");
        var (page, video) = await VideoPage.OpenAsync(chromium, server);
        await using var _ = page;
        await video.Button("More").ClickAsync();
        await page.Page.GetByLabel("Negative prompt").FillAsync("people");
        await page.Page.GetByLabel("Frames per second").FillAsync("12");
        await page.Page.GetByLabel("Seed").FillAsync("77");
        await video.MakeAsync(Boat, 1);
        await video.UntilAsync(Boat, "Failed");
        await Expect(video.Row(Boat)).ToContainTextAsync("The filter does not like boats.");
        await Expect(video.Said).ToContainTextAsync($"“{Boat}” failed. The filter does not like boats.");
        await Expect(video.Row(Boat)).ToContainTextAsync("Cost$0.00");

        await page.Page.ReloadAsync();
        await VideoServer.HealEngineAsync(server);
        await Expect(video.Prompt).ToHaveValueAsync("");
        await video.Button("Try again", Boat).ClickAsync();
        await Expect(video.Prompt).ToBeFocusedAsync();
        await Expect(video.Prompt).ToHaveValueAsync(Boat);
        await Expect(page.Page.GetByLabel("Size", new() { Exact = true })).ToHaveValueAsync("160x96");
        await Expect(page.Page.GetByLabel("Seconds", new() { Exact = true })).ToHaveValueAsync("1");
        await Expect(page.Page.GetByLabel("Seed")).ToHaveValueAsync("77");
        await video.Button("More (2 set)").ClickAsync();
        await Expect(page.Page.GetByLabel("Negative prompt")).ToHaveValueAsync("people");
        await Expect(page.Page.GetByLabel("Frames per second")).ToHaveValueAsync("12");
        await video.Button("Make the video").ClickAsync();
        await Expect(video.Rows).ToHaveCountAsync(2);
        await Expect(video.Rows.First).ToContainTextAsync("Completed");
        await Expect(video.Rows.Last).ToContainTextAsync("Failed");
        await page.CloseAsync();
    }

    [Fact]
    public async Task RunningVideo_IsCancelled()
    {
        await using var server = await VideoServer.StartAsync($"{Quick}, --sim-video-time, 10m");
        var (page, video) = await VideoPage.OpenAsync(chromium, server);
        await using var _ = page;
        await video.MakeAsync(Boat, 1);
        await video.UntilAsync(Boat, "In progress");
        await video.Button("Cancel", Boat).ClickAsync();
        await video.Button("Cancel it").ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Heading, new() { Name = "No videos yet" })).ToBeVisibleAsync();
        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal("cancelled", (string)record["outcome"]!);
        await Until.TrueAsync(async () => (int)(await server.ModelAsync(VideoServer.Painter))["in_flight"]! == 0, () => "The engine still works on it.");
        await page.CloseAsync();
    }

    [Fact]
    public async Task ReferenceImage_IsShownAndReachesTheEngine()
    {
        await using var server = await VideoServer.StartAsync(Quick);
        var (page, video) = await VideoPage.OpenAsync(chromium, server);
        await using var _ = page;
        var field = page.Page.Locator("input[type=file]");
        await field.SetInputFilesAsync(new FilePayload { Name = "notes.png", MimeType = "image/png", Buffer = "no image at all"u8.ToArray() });
        await video.MakeAsync("A sheet of paper", 1);
        await video.UntilAsync("A sheet of paper", "provided content is not a valid image or video");

        await field.SetInputFilesAsync(new FilePayload { Name = "boat.png", MimeType = "image/png", Buffer = s_png });
        var preview = page.Page.GetByRole(AriaRole.Img, new() { Name = "Reference: boat.png" });
        await Expect(preview).ToHaveJSPropertyAsync("naturalWidth", 1);
        await video.MakeAsync(Boat, 1);
        await video.UntilAsync(Boat, "Completed");
        await video.Button("Remove the reference image").ClickAsync();
        await Expect(preview).ToHaveCountAsync(0);
        await page.CloseAsync();
    }

    [Fact]
    public async Task OtherProjectsMember_SeesNothing()
    {
        await using var server = await VideoServer.StartAsync(Quick);
        var job = await VideoServer.AskAsync(server, Boat);
        await VideoServer.UntilCompletedAsync(server, job);
        using var made = await server.Admin.PostAsJsonAsync("api/projects", new { name = "Search" });
        Assert.True(made.IsSuccessStatusCode);
        using var invited = await server.Admin.PostAsJsonAsync("api/members", new { name = "Ada", email = "ada@example.com", projects = new[] { "search" } });
        var link = (string)(await invited.Content.ReadFromJsonAsync<JsonObject>())!["invite_url"]!;

        await using var member = await ConsolePage.OpenAsync(chromium, server, link, new Look(SignedIn: false));
        await member.Page.GetByLabel("New password").FillAsync("a boat in a bottle");
        await member.Page.GetByLabel("New password").PressAsync("Enter");
        await Expect(member.Card(VideoServer.Name)).ToBeVisibleAsync();
        await member.Page.EvaluateAsync("localStorage.setItem('podvirt.project', 'default')");
        await member.Page.GotoAsync(VideoServer.Path);
        await Expect(member.Page.GetByRole(AriaRole.Heading, new() { Name = "No videos yet" })).ToBeVisibleAsync();
        await Expect(member.Page.GetByText("Billed to Search.")).ToBeVisibleAsync();
        foreach (var project in (string[])["default", "search"])
        {
            foreach (var path in (string[])[$"/api/videos/{job["id"]}?project={project}", $"/api/videos/{job["id"]}/content?project={project}"])
            {
                Assert.Equal((path, 404), (path, (await member.Page.APIRequest.GetAsync(path)).Status));
            }
        }
        Assert.Equal(404, (await member.Page.APIRequest.GetAsync("/api/videos?project=default")).Status);
        var deleted = await member.Page.APIRequest.DeleteAsync(
            $"/api/videos/{job["id"]}?project=search", new() { Headers = new Dictionary<string, string> { ["X-Podvirt-Console"] = "1" } });
        Assert.Equal(404, deleted.Status);
        using var still = await server.Admin.GetAsync($"api/videos/{job["id"]}/content?project=default");
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);

        // Theirs is billed to theirs.
        await new VideoPage(member).MakeAsync("A lantern", 1);
        await new VideoPage(member).UntilAsync("A lantern", "Completed");
        var records = await server.RecordsAsync(2);
        Assert.Equal(["search", "default"], records.Select(r => (string)r["project"]!));
        await member.CloseAsync();
    }
}
