using System.Net;
using System.Text.Json;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>Deletion, and clients that leave.</summary>
public sealed class VideoCancelTests
{
    [Fact]
    public async Task RunningJobDeleted_IsCancelledAtItsEngine_AndGone()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await Eventually.TrueAsync(() => engine.Jobs.Count == 1, "it is sent");

        using var response = await host.Client.DeleteAsync($"/v1/videos/{id}");

        var deleted = JsonDocument.Parse(await response.TextAsync()).RootElement;
        Assert.Equal((id, "video.deleted", true), (
            VideoHost.IdOf(deleted), deleted.GetProperty("object").GetString(), deleted.GetProperty("deleted").GetBoolean()));
        await host.Client.GetAsync($"/v1/videos/{id}").ErrorAsync(HttpStatusCode.NotFound, "video_not_found");
        await host.Client.DeleteAsync($"/v1/videos/{id}").ErrorAsync(HttpStatusCode.NotFound, "video_not_found");
        await host.NothingRunsAsync();
        Assert.Equal("video_gen_1", Assert.Single(engine.Deleted));
        var record = await host.Host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, 499, "cancelled", 0L), (record.Outcome, record.Status, record.Reason, record.VideoUs));
        Assert.Empty(host.Book.All());
        Assert.Empty(await host.Host.Store.ListAsync("videos/"));
        Assert.Empty(host.Spooled);
        await host.Host.InFlightAsync(0);
    }

    [Fact]
    public async Task WaitingJobDeleted_LeavesItsPlaceInLine()
    {
        await using var host = await VideoHost.StartAsync([]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.Host.WaitingAsync(1);

        using var response = await host.Client.DeleteAsync($"/v1/videos/{id}");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await host.Host.WaitingAsync(0);
        await host.NothingRunsAsync();
        Assert.Equal(UsageOutcome.Cancelled, (await host.Host.Outbox.SingleAsync()).Outcome);
        Assert.Empty(host.Spooled);
    }

    [Fact]
    public async Task EngineThatCannotCancelYet_KeepsItsSlotTaken_UntilItCan()
    {
        await using var engine = new FakeOmni { IsHeld = true, CannotCancel = true };
        await using var host = await VideoHost.StartAsync([engine]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await Eventually.TrueAsync(() => engine.Jobs.Count == 1, "it is sent");

        using var response = await host.Client.DeleteAsync($"/v1/videos/{id}");
        await Eventually.TrueAsync(() => host.Book.All().Count == 0, "it is gone for its client");
        await Eventually.TrueAsync(
            () => engine.Engine.Calls.Count(c => c.RequestLine.StartsWith("DELETE", StringComparison.Ordinal)) > 2, "the engine is asked again");
        await host.Host.InFlightAsync(1);

        engine.CannotCancel = false;
        await host.Host.InFlightAsync(0);
        Assert.Empty(engine.Jobs);
    }

    [Fact]
    public async Task FinishedJobDeleted_TakesItsFileWithIt()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.UntilAsync(id, "completed");
        await host.NothingRunsAsync();
        Assert.Single(host.Stored);

        using var response = await host.Client.DeleteAsync($"/v1/videos/{id}");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(host.Stored);
        Assert.Empty(host.Book.All());
        Assert.Equal(UsageOutcome.Completed, Assert.Single(host.Host.Outbox.Records).Outcome);
    }

    [Fact]
    public async Task ClientThatLeavesItsSynchronousCall_CancelsTheJob()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine]);
        using var leaving = new CancellationTokenSource();
        using var form = VideoHost.Form(("prompt", "x"), ("model", "m"));
        var call = host.Client.PostAsync("/v1/videos/sync", form, leaving.Token);
        await Eventually.TrueAsync(() => engine.Jobs.Count == 1, "it is sent");

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await host.NothingRunsAsync();
        Assert.Equal("video_gen_1", Assert.Single(engine.Deleted));
        Assert.Equal(UsageOutcome.Cancelled, (await host.Host.Outbox.SingleAsync()).Outcome);
    }

    [Fact]
    public async Task SynchronousCallThatTakesTooLong_Is504_AndItsJobCancelled()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine], options => options.SyncTimeMax = TimeSpan.FromMilliseconds(100));
        using var form = VideoHost.Form(("prompt", "x"), ("model", "m"));

        await host.Client.PostAsync("/v1/videos/sync", form).ErrorAsync(HttpStatusCode.GatewayTimeout, "video_timeout");

        await host.NothingRunsAsync();
        Assert.Empty(engine.Jobs);
        Assert.Equal((UsageOutcome.Cancelled, 504), ((await host.Host.Outbox.SingleAsync()).Outcome, host.Host.Outbox.Records.Single().Status));
    }

    [Fact]
    public async Task SynchronousCall_AnswersWithTheVideo()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        using var form = VideoHost.Form(("prompt", "x"), ("model", "m"));

        using var response = await host.Client.PostAsync("/v1/videos/sync", form);

        Assert.Equal("video/mp4", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(engine.Video, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(("m", "m-0"), (response.Headers.GetValues("X-Model").Single(), response.Headers.GetValues("x-podvirt-replica").Single()));
        Assert.True(double.Parse(response.Headers.GetValues("X-Inference-Time-S").Single(), System.Globalization.CultureInfo.InvariantCulture) >= 0);
        Assert.Equal(Gateway.Videos.VideoStage.Completed, host.Book.All().Single().Stage);
    }

    [Fact]
    public async Task JobsDeletedAtAnyMoment_LeaveNothing()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);
        var random = new Random(11);
        for (var i = 0; i < 40; i++)
        {
            var id = VideoHost.IdOf(await host.CreateAsync());
            for (var looks = random.Next(8); looks > 0; looks--)
            {
                (await host.Client.GetAsync($"/v1/videos/{id}")).Dispose();
            }
            using var response = await host.Client.DeleteAsync($"/v1/videos/{id}");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        await host.NothingRunsAsync();
        await Eventually.TrueAsync(() => host.Book.All().Count == 0 && !host.Stored.Any() && !host.Spooled.Any(), "nothing is left");
        Assert.Empty(engine.Jobs);
        Assert.Equal(40, host.Host.Outbox.Records.DistinctBy(r => r.Id).Count());
        Assert.Equal(40, host.Host.Outbox.Records.Count);
    }
}
