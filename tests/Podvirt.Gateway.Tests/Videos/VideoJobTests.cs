using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Videos;

public sealed class VideoJobTests
{
    [Fact]
    public async Task FormWithAFile_BecomesAVideo_AndIsBilledByItsLength()
    {
        await using var engine = new FakeOmni { IsHeld = true, Video = Mp4Sample.Of(5.5) };
        await using var host = await VideoHost.StartAsync([engine]);
        await host.Host.SetRatesAsync(new Rate("m", 1, DateTimeOffset.UnixEpoch, 0, 0, 0, VideoPico: 250_000));

        var picture = new ByteArrayContent([1, 2, 3, 0, 13, 10]);
        picture.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        using var form = VideoHost.Form(("prompt", "a cat\r\nthat runs"), ("seconds", "6"), ("size", "832x480"), ("seed", "7"));
        form.Add(picture, "input_reference", "cat.png");
        form.Add(new StringContent("m"), "model");
        using var response = await host.Client.PostAsync("/v1/videos", form);
        var job = JsonDocument.Parse(await response.TextAsync()).RootElement;

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var id = VideoHost.IdOf(job);
        Assert.StartsWith("video_", id, StringComparison.Ordinal);
        Assert.Equal("video_" + response.Headers.GetValues("x-request-id").Single().Replace("-", "", StringComparison.Ordinal), id);
        Assert.Equal(("video", "m", "a cat\r\nthat runs", "6", "832x480"), (
            job.GetProperty("object").GetString(), job.GetProperty("model").GetString(), job.GetProperty("prompt").GetString(),
            job.GetProperty("seconds").GetString(), job.GetProperty("size").GetString()));

        var running = await host.UntilAsync(id, "in_progress");
        Assert.Equal(JsonValueKind.Null, running.GetProperty("podvirt").GetProperty("cost").ValueKind);
        await Eventually.TrueAsync(() => host.Book.Find(Guid.ParseExact(id[6..], "n"))!.Progress == 40, "progress is seen");
        await host.Host.InFlightAsync(1);
        Assert.Single(host.Spooled);
        Assert.Empty(host.Host.Outbox.Records);

        engine.IsHeld = false;
        var done = await host.UntilAsync(id, "completed");
        var details = done.GetProperty("podvirt");
        Assert.Equal(100, done.GetProperty("progress").GetInt32());
        Assert.Equal(("5.500000", "1.375000000000", 1, 1), (
            details.GetProperty("video_seconds").GetString(), details.GetProperty("cost").GetString(), details.GetProperty("rate_version").GetInt32(),
            details.GetProperty("attempts").GetInt32()));
        Assert.Equal("""{"seed":"7"}""", details.GetProperty("settings").GetRawText());
        Assert.Equal(engine.Video, await host.Client.GetByteArrayAsync($"/v1/videos/{id}/content"));

        var record = await host.Host.Outbox.SingleAsync();
        Assert.Equal(Guid.ParseExact(id[6..], "n"), record.Id);
        Assert.Equal(
            (GatewayHost.Project, "k1", "m", 3, "m-0", "videos", UsageOutcome.Completed, UsageSource.Engine, 5_500_000L, (int?)1),
            (record.Project, record.Key, record.Model, record.Revision, record.Replica, record.Surface, record.Outcome, record.Source, record.VideoUs, record.QuotedRate));
        await host.NothingRunsAsync();
        Assert.Empty(host.Spooled);
        Assert.Equal("video_gen_1", Assert.Single(engine.Deleted));
        await host.Host.InFlightAsync(0);

        // As the engine got it: the model by the engine's own name, and the parts as they were.
        var sent = engine.LastCreated;
        var text = Encoding.Latin1.GetString(sent.BodyBytes);
        Assert.Contains("name=\"model\"\r\n\r\nweights\r\n", text, StringComparison.Ordinal);
        Assert.Contains("name=\"prompt\"\r\n\r\na cat\r\nthat runs\r\n", text, StringComparison.Ordinal);
        Assert.Contains("name=\"seed\"\r\n\r\n7\r\n", text, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: image/png\r\n\r\n\u0001\u0002\u0003\0\r\n\r\n--", text, StringComparison.Ordinal);
        Assert.Equal("Bearer engine-key", sent.Header("Authorization"));
    }

    [Fact]
    public async Task Json_IsTakenWhereThereIsNoFile()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);

        using var response = await host.Client.PostAsync("/v1/videos", """{"model":"m","prompt":"Ein Igel – läuft","seconds":4,"extra":{"a":[1]},"seed":null}""");

        var job = JsonDocument.Parse(await response.TextAsync()).RootElement;
        await host.UntilAsync(VideoHost.IdOf(job), "completed");
        var text = engine.LastCreated.Body;
        Assert.Contains("name=\"prompt\"\r\n\r\nEin Igel – läuft\r\n", text, StringComparison.Ordinal);
        Assert.Contains("name=\"seconds\"\r\n\r\n4\r\n", text, StringComparison.Ordinal);
        Assert.Contains("name=\"extra\"\r\n\r\n{\"a\":[1]}\r\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("seed", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("negative_prompt", 32_001, 1)]
    [InlineData("prompt", 32_001, 1)]
    [InlineData("seed", 1, 2)]
    public async Task FieldThatIsKept_IsRefusedWhereItIsTooLongOrThereTwice(string name, int length, int times)
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        var field = (name, new string('7', length));
        (string, string)[] fields = [("model", "m"), .. Enumerable.Repeat(field, times)];
        using var form = VideoHost.Form(name == "prompt" ? fields : [.. fields, ("prompt", "a cat")]);
        using var response = await host.Client.PostAsync("/v1/videos", form);
        var error = JsonDocument.Parse(await response.TextAsync()).RootElement.GetProperty("error");
        Assert.Equal((HttpStatusCode.BadRequest, name), (response.StatusCode, error.GetProperty("param").GetString()));
        Assert.Empty(host.Spooled);
    }

    [Fact]
    public async Task ColdModel_IsDemandedByItsJob()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([]);

        var job = await host.CreateAsync();
        Assert.Equal("queued", job.GetProperty("status").GetString());
        await host.Host.WaitingAsync(1);
        var waiting = (await host.ShowAsync(VideoHost.IdOf(job))).GetProperty("podvirt");
        Assert.True(waiting.GetProperty("cold_start").GetBoolean());
        Assert.Equal("starting", waiting.GetProperty("phase").GetString());

        await host.ServeAsync([engine]);
        var done = await host.UntilAsync(VideoHost.IdOf(job), "completed");
        Assert.True(done.GetProperty("podvirt").GetProperty("cold_start").GetBoolean());
        var record = await host.Host.Outbox.SingleAsync();
        Assert.True(record.ColdStart);
        Assert.InRange(record.ParkedUs, 1, record.DurationUs);
    }

    [Fact]
    public async Task EngineThatSaysWhy_FailsItsJob()
    {
        await using var engine = new FakeOmni { Failure = "the prompt is not allowed" };
        await using var host = await VideoHost.StartAsync([engine]);

        var job = await host.CreateAsync();
        var failed = await host.UntilAsync(VideoHost.IdOf(job), "failed");

        Assert.Equal(("generation_failed", "the prompt is not allowed"), (
            failed.GetProperty("error").GetProperty("code").GetString(), failed.GetProperty("error").GetProperty("message").GetString()));
        var record = await host.Host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Failed, 0L, "generation_failed"), (record.Outcome, record.VideoUs, record.Reason));
        await host.Client.GetAsync($"/v1/videos/{VideoHost.IdOf(job)}/content").ErrorAsync(HttpStatusCode.UnprocessableEntity, "video_failed");
        await host.NothingRunsAsync();
        Assert.Empty(host.Spooled);
    }
}
