using System.Net;
using Podvirt.Core.Messages;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Parking;

public sealed class ParkingTests
{
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(30);

    [Fact]
    public async Task ModelCold_StreamGetsCommentsThenRoutingThenTokens()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(options => (options.CommentGrace, options.CommentInterval) = (s_grace, s_grace));
        await host.PublishAsync(Routes.Cold("m", new WarmUp("waiting for memory", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddSeconds(30))));
        var response = await host.StreamAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.False(response.Headers.Contains("x-podvirt-replica"));
        var stream = await response.Content.ReadAsStreamAsync();
        var text = await stream.ReadUntilAsync("phase=waiting-for-memory\n\n: warming-up");
        await host.PublishAsync(Routes.Cold("m", new WarmUp("weights", DateTimeOffset.UtcNow, null)));
        text += await stream.ReadUntilAsync(": warming-up phase=weights\n\n");
        await host.PublishAsync(Routes.Active("m", [engine]));
        text += await new StreamReader(stream).ReadToEndAsync().Within();

        var events = text.Split("\n\n");
        Assert.Matches("^: warming-up eta_ms=[0-9]+ phase=waiting-for-memory$", events[0]);
        var routing = Array.FindIndex(events, e => e.StartsWith(": podvirt ", StringComparison.Ordinal));
        Assert.Matches("^: podvirt replica=m-0 affinity=new parked_ms=[0-9]+$", events[routing]);
        Assert.All(events[..routing], e => Assert.StartsWith(": warming-up", e, StringComparison.Ordinal));

        // Where the engine is slow to begin, there are comments about that as well.
        var rest = events[(routing + 1)..].SkipWhile(e => e.StartsWith(": prefill", StringComparison.Ordinal));
        Assert.Equal(new SampleReply(true, true, false, false).Events, string.Join("\n\n", rest));

        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Completed, 200, true), (record.Outcome, record.Status, record.ColdStart));
        Assert.True(record.ParkedUs >= 30_000 && record.FirstTokenUs >= record.ParkedUs);
    }

    [Fact]
    public async Task AllSlotsTaken_StreamIsToldThatItIsQueued()
    {
        await using var engine = new FakeEngine(call => call.Number == 1 ? call.HangAsync() : call.AnswerAsync());
        await using var host = await GatewayHost.StartAsync(options => options.CommentGrace = s_grace);
        await host.PublishAsync(Routes.Active("m", [engine], slots: 1) with { ExpectedWaitMs = 1500 });

        // What a start takes says nothing about when a slot comes free.
        using var cancel = new CancellationTokenSource();
        var first = host.Client.PostAsync(Calls.Chat, Calls.PlainBody, cancel.Token);
        await engine.CallAsync(1);
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        Assert.StartsWith(": queued\n\n", await stream.ReadUntilAsync("\n\n"), StringComparison.Ordinal);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await stream.ReadUntilAsync("[DONE]");
    }

    [Fact]
    public async Task ModelFailsWithinTheGrace_StreamGetsARealStatus()
    {
        await using var host = await GatewayHost.StartAsync(options => options.CommentGrace = TimeSpan.FromSeconds(20));
        await host.PublishAsync(Routes.Cold("m"));
        var request = host.StreamAsync();
        await host.WaitingAsync(1);
        await host.PublishAsync(Routes.Failed("m", "model_start_failed", "CUDA out of memory.", DateTimeOffset.UtcNow.AddSeconds(25)));
        var response = await request.Within();
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 20, 25);
        Assert.True(int.Parse(response.Headers.GetValues("retry-after-ms").Single()) <= 25_000);
        var error = await response.ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_start_failed");
        Assert.Contains("CUDA out of memory.", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal((UsageOutcome.Failed, 503), Outcome(await host.Outbox.SingleAsync()));
    }

    [Fact]
    public async Task ModelFailsAfterTheGrace_StreamIsToldInBand()
    {
        await using var host = await GatewayHost.StartAsync(options => options.CommentGrace = s_grace);
        await host.PublishAsync(Routes.Cold("m"));
        var stream = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync("\n\n");
        await host.PublishAsync(Routes.Failed("m", "model_unschedulable", "No gpu has 80 GiB.", null));
        Calls.InBandError(await new StreamReader(stream).ReadToEndAsync().Within(), "model_unschedulable");
        Assert.Equal((UsageOutcome.Failed, 200), Outcome(await host.Outbox.SingleAsync()));
    }

    [Fact]
    public async Task ModelFailed_NewRequestIsRefusedUntilTheRetry()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Failed("m", "model_start_failed", "It broke.", DateTimeOffset.UtcNow.AddMinutes(1)));
        await host.PlainAsync().ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_start_failed");
        Assert.Empty(host.Outbox.Records);

        await host.PublishAsync(Routes.Failed("m", "model_start_failed", "It broke.", DateTimeOffset.UtcNow.AddSeconds(-1)));
        await host.PlainAsync(("X-Podvirt-Max-Wait", "0.1")).ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_warming_timeout");
    }

    [Fact]
    public async Task PlainRequest_WaitsSilently()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(options => (options.CommentGrace, options.CommentInterval) = (s_grace, s_grace));
        await host.PublishAsync(Routes.Cold("m"));
        var request = host.PlainAsync();
        await host.WaitingAsync(1);
        await Eventually.TrueAsync(() => host.Dispatcher().GetDemand([]).OldestMs > 100, "several comments would have gone out");
        Assert.False(request.IsCompleted);
        await host.PublishAsync(Routes.Active("m", [engine]));
        var response = await request.Within();
        Assert.Equal(new SampleReply(true, false, false, false).Plain, await response.TextAsync());
        Assert.Equal("m-0", response.Headers.GetValues("x-podvirt-replica").Single());
        Assert.Matches("parked;dur=[1-9]", response.Headers.GetValues("Server-Timing").Single());
    }

    [Fact]
    public async Task QueueFullByCount_Is429WithRetryAfter()
    {
        await using var host = await GatewayHost.StartAsync(options => options.ParkedRequestsMax = 2);
        await host.PublishAsync(Routes.Cold("m", expectedWaitMs: 4200));
        _ = host.PlainAsync();
        _ = host.PlainAsync();
        await host.WaitingAsync(2);
        var response = await host.PlainAsync();
        Assert.Equal(5, response.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        Assert.Equal("4200", response.Headers.GetValues("retry-after-ms").Single());
        await response.ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        Assert.Equal(2, host.Dispatcher().GetDemand([]).Waiting);
        Assert.Empty(host.Outbox.Records);
    }

    [Fact]
    public async Task QueueFullByBytes_Is429_UntilSomeLeave()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(options => options.ParkedBytesMax = 1500);
        await host.PublishAsync(Routes.Cold("m"));
        var large = Calls.PlainBody.Replace("hi", new string('x', 700), StringComparison.Ordinal);
        var first = host.Client.PostAsync(Calls.Chat, large);
        await host.WaitingAsync(1);
        await host.Client.PostAsync(Calls.Chat, large).ErrorAsync(HttpStatusCode.TooManyRequests, "rate_limit_exceeded");
        var small = host.PlainAsync();
        await host.WaitingAsync(2);

        await host.PublishAsync(Routes.Active("m", [engine]));
        Assert.Equal(HttpStatusCode.OK, (await first.Within()).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await small.Within()).StatusCode);
        await host.PublishAsync(Routes.Cold("m"));
        var again = host.Client.PostAsync(Calls.Chat, large);
        await host.WaitingAsync(1);
        await host.PublishAsync(Routes.Active("m", [engine]));
        Assert.Equal(HttpStatusCode.OK, (await again.Within()).StatusCode);
    }

    [Fact]
    public async Task MaxWaitZero_Is503AtOnceAndDemandIsReported()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        var response = await host.PlainAsync(("X-Podvirt-Max-Wait", "0"));
        Assert.NotNull(response.Headers.RetryAfter);
        await response.ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_warming_timeout");
        await Eventually.TrueAsync(() => host.Reports.Any(r => r.Models.Any(m => m is { Model: "m", Waiting: 1 })), "the wish is reported");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MaxWaitShort_Is503WhenItIsOver(bool stream)
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        await host.Client.PostAsync(Calls.Chat, stream ? Calls.StreamBody : Calls.PlainBody, ("X-Podvirt-Max-Wait", "0.15"))
            .ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_warming_timeout");
        Assert.Equal(0, host.Dispatcher().GetDemand([]).Waiting);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Failed, 503), Outcome(record));
        Assert.InRange(record.ParkedUs, 150_000, 5_000_000);
    }

    [Theory]
    [InlineData("3600")]
    [InlineData("99999999999")]
    public async Task ParkedTimeOver_HoldsForPatientClientsToo(string maxWait)
    {
        await using var host = await GatewayHost.StartAsync(options => options.ParkedTimeMax = TimeSpan.FromMilliseconds(100));
        await host.PublishAsync(Routes.Cold("m"));
        await host.PlainAsync(("X-Podvirt-Max-Wait", maxWait)).ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_warming_timeout");
    }

    [Fact]
    public async Task ModelRemovedWhileParked_Is404()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        var request = host.PlainAsync();
        await host.WaitingAsync(1);
        await host.PublishAsync(Routes.Cold("other"));
        await request.ErrorAsync(HttpStatusCode.NotFound, "model_not_found");
    }

    private static (UsageOutcome Outcome, int Status) Outcome(UsageRecord record) => (record.Outcome, record.Status);
}
