using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Videos.Files;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>Who sees what of videos: lists, ranges, and nothing of another project's.</summary>
public sealed class VideoAccessTests
{
    [Fact]
    public async Task AnotherProjectsVideo_IsNotThere()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        await host.Host.PutKeyAsync("k2", "pv-other", "rivals");
        await host.Host.KnowsKeyAsync("pv-other");
        using var other = host.Host.NewClient("pv-other");
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.UntilAsync(id, "completed");

        foreach (var path in new[] { $"/v1/videos/{id}", $"/v1/videos/{id}/content" })
        {
            await other.GetAsync(path).ErrorAsync(HttpStatusCode.NotFound, "video_not_found");
        }
        await other.SendAsync(VideoHost.Ranged($"/v1/videos/{id}/content", "bytes=0-3")).ErrorAsync(HttpStatusCode.NotFound, "video_not_found");
        await other.DeleteAsync($"/v1/videos/{id}").ErrorAsync(HttpStatusCode.NotFound, "video_not_found");
        foreach (var query in new[] { "", "?model=m", $"?after={id}", "?order=asc" })
        {
            Assert.DoesNotContain(id, await other.GetStringAsync($"/v1/videos{query}"), StringComparison.Ordinal);
        }
        Assert.Contains(id, await host.Client.GetStringAsync("/v1/videos"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("video_nope")]
    [InlineData("video_00000000000000000000000000000000")]
    [InlineData("..%2f..%2fadmin-token")]
    public async Task NameThatIsNone_IsNotThere(string name)
    {
        await using var host = await VideoHost.StartAsync([]);
        await host.Client.GetAsync($"/v1/videos/{name}").ErrorAsync(HttpStatusCode.NotFound, "video_not_found");
        await host.Client.GetAsync($"/v1/videos/{name}/content").ErrorAsync(HttpStatusCode.NotFound, "video_not_found");
    }

    [Fact]
    public async Task OneSpellingOfAnId_IsOneVideo()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.Client.GetAsync($"/v1/videos/{id.ToUpperInvariant().Replace("VIDEO_", "video_", StringComparison.Ordinal)}")
            .ErrorAsync(HttpStatusCode.NotFound, "video_not_found");
        await host.UntilAsync(id, "completed");
    }

    [Fact]
    public async Task List_IsPagedByAge_BothWays()
    {
        await using var host = await VideoHost.StartAsync([]);
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(VideoHost.IdOf(await host.CreateAsync()));
        }
        ids.Sort(StringComparer.Ordinal);

        foreach (var order in new[] { "asc", "desc" })
        {
            var seen = new List<string>();
            var after = "";
            for (var hasMore = true; hasMore;)
            {
                using var response = await host.Client.GetAsync($"/v1/videos?limit=2&order={order}{after}");
                var page = JsonDocument.Parse(await response.TextAsync()).RootElement;
                var data = page.GetProperty("data").EnumerateArray().Select(VideoHost.IdOf).ToList();
                Assert.Equal((data[0], data[^1]), (page.GetProperty("first_id").GetString(), page.GetProperty("last_id").GetString()));
                seen.AddRange(data);
                after = $"&after={data[^1]}";
                hasMore = page.GetProperty("has_more").GetBoolean();
            }
            Assert.Equal(order == "asc" ? ids : Enumerable.Reverse(ids), seen);
        }
        Assert.Equal(0, JsonDocument.Parse(await host.Client.GetStringAsync("/v1/videos?model=other")).RootElement.GetProperty("data").GetArrayLength());
        await host.Client.GetAsync("/v1/videos?limit=0").ErrorAsync(HttpStatusCode.BadRequest, "invalid_value");
        await host.Client.GetAsync("/v1/videos?limit=101").ErrorAsync(HttpStatusCode.BadRequest, "invalid_value");
        await host.Client.GetAsync("/v1/videos?order=up").ErrorAsync(HttpStatusCode.BadRequest, "invalid_value");
        await host.Client.GetAsync("/v1/videos?after=1").ErrorAsync(HttpStatusCode.BadRequest, "invalid_value");
    }

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=10-19", 10, 10)]
    [InlineData("bytes=100000-", 100_000, 100_144)]
    [InlineData("bytes=-7", 200_137, 7)]
    [InlineData("bytes=-999999", 0, 200_144)]
    [InlineData("bytes=200143-999999", 200_143, 1)]
    public async Task Range_IsSentAsAsked(string range, int start, int length)
    {
        await using var engine = new FakeOmni { Video = Mp4Sample.Of(4, fillBytes: 200_000) };
        await using var host = await VideoHost.StartAsync([engine]);
        Assert.Equal(200_144, engine.Video.Length);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.UntilAsync(id, "completed");

        using var response = await host.Client.SendAsync(VideoHost.Ranged($"/v1/videos/{id}/content", range));

        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal(engine.Video.AsSpan(start, length).ToArray(), await response.Content.ReadAsByteArrayAsync());
        Assert.Equal($"bytes {start}-{start + length - 1}/200144", response.Content.Headers.ContentRange!.ToString());
        Assert.Equal("bytes", response.Headers.AcceptRanges.Single());
    }

    [Fact]
    public async Task RangeBehindTheEnd_Is416_AndOnesThatAreNone_AreNotLookedAt()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        var path = $"/v1/videos/{id}/content";
        await host.UntilAsync(id, "completed");

        using var behind = await host.Client.SendAsync(VideoHost.Ranged(path, "bytes=1000-"));
        await behind.ErrorAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "range_not_satisfiable");
        Assert.Equal($"bytes */{engine.Video.Length}", behind.Content.Headers.ContentRange!.ToString());

        foreach (var range in new[] { "bytes=0-1,4-5", "seconds=0-1", "bytes=9-1", "bytes" })
        {
            var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Range", range);
            using var whole = await host.Client.SendAsync(request);
            Assert.Equal((HttpStatusCode.OK, (long?)engine.Video.Length), (whole.StatusCode, whole.Content.Headers.ContentLength));
        }
    }

    [Fact]
    public async Task IfRange_SendsThePart_OnlyOfTheSameFile()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.UntilAsync(id, "completed");
        using var first = await host.Client.GetAsync($"/v1/videos/{id}/content");
        var tag = first.Headers.ETag!;

        foreach (var (condition, status) in new[] { (tag, HttpStatusCode.PartialContent), (new EntityTagHeaderValue("\"other\""), HttpStatusCode.OK) })
        {
            var request = VideoHost.Ranged($"/v1/videos/{id}/content", "bytes=0-1");
            request.Headers.IfRange = new RangeConditionHeaderValue(condition);
            using var response = await host.Client.SendAsync(request);
            Assert.Equal(status, response.StatusCode);
        }
    }

    [Fact]
    public async Task ContentThatIsNotThere_SaysWhy()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine]);
        host.Host.MayLogErrors = true;
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.Client.GetAsync($"/v1/videos/{id}/content").ErrorAsync(HttpStatusCode.NotFound, "video_not_ready");
        engine.IsHeld = false;
        await host.UntilAsync(id, "completed");
        await host.Client.GetAsync($"/v1/videos/{id}/content?variant=thumbnail").ErrorAsync(HttpStatusCode.BadRequest, "invalid_value");
        File.Delete(host.Stored.Single());
        await host.Client.GetAsync($"/v1/videos/{id}/content").ErrorAsync(HttpStatusCode.NotFound, "video_file_missing");
    }

    [Fact]
    public async Task FilesAndFolders_AreTheOwnersOnly()
    {
        if (OperatingSystem.IsWindows())
        {
            // It has no such modes.
            return;
        }
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(host.Spooled.Single()));
        engine.IsHeld = false;
        await host.UntilAsync(id, "completed");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(host.Stored.Single()));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(host.Stored.Single())!));
        Assert.True(VideoFolder.IsName(Path.GetFileNameWithoutExtension(host.Stored.Single())));
    }
}
