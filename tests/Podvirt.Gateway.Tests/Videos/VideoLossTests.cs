using System.Net;
using System.Text.Json;
using Podvirt.Core.Messages;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>Engines that die, forget, refuse, stay silent or talk nonsense.</summary>
public sealed class VideoLossTests
{
    [Fact]
    public async Task EngineThatForgets_HasItsJobMadeElsewhere_Once()
    {
        await using var first = new FakeOmni { IsHeld = true };
        await using var second = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([first, second]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await Eventually.TrueAsync(() => first.Made + second.Made == 1, "it is sent");
        var (had, other) = first.Made == 1 ? (first, second) : (second, first);

        had.Forget();
        await Eventually.TrueAsync(() => other.Made == 1, "the other has it");
        other.IsHeld = false;

        var done = await host.UntilAsync(id, "completed");
        Assert.Equal(2, done.GetProperty("podvirt").GetProperty("attempts").GetInt32());
        Assert.Equal(UsageOutcome.Completed, (await host.Host.Outbox.SingleAsync()).Outcome);
        Assert.Equal(1, had.Made);
    }

    [Fact]
    public async Task EngineThatForgetsTwice_FailsItsJob_WithTheReason()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await Eventually.TrueAsync(() => engine.Made == 1 && engine.Jobs.Count == 1, "it is sent");
        engine.Forget();
        await Eventually.TrueAsync(() => engine.Made == 2 && engine.Jobs.Count == 1, "it is sent again");
        engine.Forget();

        var failed = await host.UntilAsync(id, "failed");
        Assert.Equal("engine_lost", failed.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("does not know the job", failed.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        var record = await host.Host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Failed, 0L, "engine_lost"), (record.Outcome, record.VideoUs, record.Reason));
        await host.NothingRunsAsync();
        Assert.Empty(host.Spooled);
        Assert.Equal(2, engine.Made);
    }

    [Fact]
    public async Task DeadEngine_LeavesTheRoutes_AndItsJobGoesToTheNext()
    {
        await using var dead = new FakeOmni { IsHeld = true };
        await using var next = new FakeOmni();
        await using var host = await VideoHost.StartAsync([dead]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.UntilAsync(id, "in_progress");
        await Eventually.TrueAsync(() => dead.Jobs.Count == 1, "it is sent");

        // Its port stays taken: another test's engine must not be asked about this job.
        dead.Instead = call =>
        {
            call.Reset();
            return Task.FromResult(true);
        };
        await Eventually.TrueAsync(() => !host.Host.Troubles.IsEmpty, "the scheduler is told");
        await host.Host.PublishAsync(VideoHost.RouteOf([]) with { Replicas = [Routes.Replica("m-9", next.Address, servedAs: "weights")], Status = Core.Replicas.ModelStatus.Active });

        var done = await host.UntilAsync(id, "completed");
        Assert.Equal("m-9", done.GetProperty("podvirt").GetProperty("replica").GetString());
        Assert.All(host.Host.Troubles, t => Assert.Equal("m-0", t.Replica));
        Assert.Equal("m-9", (await host.Host.Outbox.SingleAsync()).Replica);
    }

    [Fact]
    public async Task SilentEngine_IsGivenUpAfterAWhile_ButALateAnswerIsNot()
    {
        var silent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine], options =>
        {
            options.CallTimeout = TimeSpan.FromMilliseconds(50);
            options.SilenceMax = TimeSpan.FromMinutes(5);
        });
        var id = VideoHost.IdOf(await host.CreateAsync());
        await Eventually.TrueAsync(() => engine.Jobs.Count == 1, "it is sent");

        // Several questions that get no answer in time.
        var asked = 0;
        engine.Instead = async call =>
        {
            if (Interlocked.Increment(ref asked) <= 3)
            {
                await Task.WhenAny(call.PeerClosed, silent.Task);
                return true;
            }
            return false;
        };
        await Eventually.TrueAsync(() => Volatile.Read(ref asked) > 4, "it is asked on");
        engine.IsHeld = false;

        var done = await host.UntilAsync(id, "completed");
        Assert.Equal(1, done.GetProperty("podvirt").GetProperty("attempts").GetInt32());
    }

    [Theory]
    [InlineData(400, "invalid_request_error")]
    [InlineData(422, "invalid_request_error")]
    public async Task EngineThatRefuses_FailsTheJobInItsWords(int status, string type)
    {
        await using var engine = new FakeOmni();
        engine.Instead = async call =>
        {
            await call.AnswerJsonAsync(status, $$"""{"error":{"message":"size must be a multiple of 16","type":"{{type}}","param":"size","code":"bad_size"} }""");
            return true;
        };
        await using var host = await VideoHost.StartAsync([engine]);

        var failed = await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync()), "failed");

        Assert.Equal(("bad_size", "size must be a multiple of 16"), (
            failed.GetProperty("error").GetProperty("code").GetString(), failed.GetProperty("error").GetProperty("message").GetString()));
        Assert.Single(engine.Engine.Calls);
        Assert.Equal(status, (await host.Host.Outbox.SingleAsync()).Status);
    }

    [Fact]
    public async Task BusyEngine_IsAskedAgain_AndThatIsNoLoss()
    {
        await using var engine = new FakeOmni();
        var refused = 0;
        engine.Instead = async call =>
        {
            if (call.RequestLine.StartsWith("POST", StringComparison.Ordinal) && Interlocked.Increment(ref refused) <= 3)
            {
                await call.AnswerJsonAsync(429, "{\"detail\":\"full\"}", "Retry-After: 0\r\n");
                return true;
            }
            return false;
        };
        await using var host = await VideoHost.StartAsync([engine]);

        var done = await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync()), "completed");

        Assert.Equal(1, done.GetProperty("podvirt").GetProperty("attempts").GetInt32());
        Assert.Equal(4, Volatile.Read(ref refused));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"id":"x","status":"dancing"}""")]
    [InlineData("""[1]""")]
    public async Task EngineThatTalksNonsense_IsTroubleAndALoss(string answer)
    {
        await using var engine = new FakeOmni();
        engine.Instead = async call =>
        {
            await call.AnswerJsonAsync(200, answer);
            return true;
        };
        await using var host = await VideoHost.StartAsync([engine], gateway: options => options.ReplicaSuspension = TimeSpan.Zero);

        var failed = await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync()), "failed");

        Assert.Equal("engine_lost", failed.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(2, engine.Engine.Calls.Count);
        await Eventually.TrueAsync(() => host.Host.Troubles.Count == 2, "the scheduler is told twice");
        Assert.All(host.Host.Troubles, t => Assert.Equal(TroubleKind.BadResponse, t.Kind));
    }

    [Fact]
    public async Task VideoThatBreaksOff_IsFetchedAgain()
    {
        await using var engine = new FakeOmni();
        var cut = 0;
        engine.Instead = async call =>
        {
            if (call.RequestLine.Contains("/content", StringComparison.Ordinal) && Interlocked.Increment(ref cut) == 1)
            {
                await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 5000\r\n\r\nhalf of it");
                call.Close();
                return true;
            }
            return false;
        };
        await using var host = await VideoHost.StartAsync([engine]);

        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.UntilAsync(id, "completed");

        Assert.Equal(engine.Video, await host.Client.GetByteArrayAsync($"/v1/videos/{id}/content"));
        Assert.Equal(2, Volatile.Read(ref cut));
    }

    [Fact]
    public async Task VideoLargerThanAllowed_IsNotTaken()
    {
        await using var engine = new FakeOmni { Video = Mp4Sample.Of(4, fillBytes: 10_000) };
        await using var host = await VideoHost.StartAsync([engine], options => options.FileBytesMax = 5000);

        var failed = await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync()), "failed");

        Assert.Equal("video_too_large", failed.GetProperty("error").GetProperty("code").GetString());
        await host.NothingRunsAsync();
        Assert.Empty(host.Stored);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(host.Folder, "fetched")));
        Assert.Equal(0, (await host.Host.Outbox.SingleAsync()).VideoUs);
    }

    [Fact]
    public async Task ModelThatCannotStart_FailsItsJobs_AndRefusesNewOnes()
    {
        await using var host = await VideoHost.StartAsync([]);
        var id = VideoHost.IdOf(await host.CreateAsync());
        await host.Host.WaitingAsync(1);

        await host.Host.PublishAsync(Routes.Failed("m", "model_start_failed", "no weights", null) with { Model = VideoHost.RouteOf([]).Model });

        var failed = await host.UntilAsync(id, "failed");
        Assert.Equal("model_start_failed", failed.GetProperty("error").GetProperty("code").GetString());
        using var form = VideoHost.Form(("prompt", "x"), ("model", "m"));
        await host.Client.PostAsync("/v1/videos", form).ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_start_failed");
        Assert.Single(host.Host.Outbox.Records);
        await host.NothingRunsAsync();
        Assert.Empty(host.Spooled);
    }
}
