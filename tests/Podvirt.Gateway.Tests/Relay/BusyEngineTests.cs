using System.Globalization;
using System.Net;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>An engine that has no room is no broken one: another takes the request, or the client hears when to come again.</summary>
public sealed class BusyEngineTests
{
    private const string Wait = "Retry-After: 7\r\n";

    [Theory]
    [InlineData(429, "")]
    [InlineData(429, Wait)]
    [InlineData(503, Wait)]
    public async Task ReplicaIsBusy_AnotherServesAndNothingIsReported(int status, string header)
    {
        await using var busy = new FakeEngine(call => call.AnswerJsonAsync(status, "{}", header));
        await using var free = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([busy, free]);
        for (var i = 0; i < 12; i++)
        {
            var response = await host.Client.PostAsync(Calls.Chat, Calls.StreamBody, ("X-Podvirt-Session-Id", $"s{i}"));
            Assert.Equal(new SampleReply(true, true, false, false).Events, await response.TextAsync());
            Assert.Equal("m-1", response.Headers.GetValues("x-podvirt-replica").Single());
        }
        Assert.NotEmpty(busy.Calls);
        Assert.Empty(host.Troubles);
        Assert.All(await host.Outbox.AllAsync(12), record => Assert.Equal(UsageOutcome.Completed, record.Outcome));

        // Its connection is as good as it.
        Assert.Equal(1, busy.AcceptedConnections);
        await host.NothingIsLeftAsync(busy, free);
    }

    [Theory]
    [InlineData(429, "", null, "rate_limit_error")]
    [InlineData(429, Wait, "7", "rate_limit_error")]
    [InlineData(503, Wait, "7", "server_error")]
    public async Task EveryReplicaIsBusy_ClientGetsTheStatusAndTheWaitAtOnce(int status, string header, string? retryAfter, string type)
    {
        await using var a = new FakeEngine(call => call.AnswerJsonAsync(status, "{}", header));
        await using var b = new FakeEngine(a.Script);
        await using var host = await GatewayHost.ServingAsync([a, b], options => options.AttemptsMax = 5);
        var response = await host.PlainAsync();
        Assert.Equal(retryAfter, response.Headers.TryGetValues("Retry-After", out var values) ? values.Single() : null);
        var error = await response.ErrorAsync((HttpStatusCode)status, "engine_busy");
        Assert.Equal((type, "{}"), (error.GetProperty("type").GetString(), error.GetProperty("message").GetString()));
        Assert.Equal((1, 1), (a.Calls.Count, b.Calls.Count));
        Assert.Empty(host.Troubles);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Failed, status, "engine_busy", 0L), (record.Outcome, record.Status, record.Reason, record.ParkedUs));
        await host.NothingIsLeftAsync(a, b);
    }

    [Fact]
    public async Task WaitIsADate_ClientGetsSeconds()
    {
        var at = DateTimeOffset.UtcNow.AddSeconds(90).ToString("R", CultureInfo.InvariantCulture);
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(503, "{}", $"Retry-After: {at}\r\n"));
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.PlainAsync();
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 60, 90);
    }

    [Fact]
    public async Task EnginesOwnWords_ArePassedOn()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(
            429, """{"error":{"message":"queue of 8 is full","type":"overloaded","param":null,"code":"too_many"}}""", Wait));
        await using var host = await GatewayHost.ServingAsync(engine);
        var error = await host.StreamAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "too_many");
        Assert.Equal(("queue of 8 is full", "overloaded"), (error.GetProperty("message").GetString(), error.GetProperty("type").GetString()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OneIsBusyAndTheOtherDead_TheBusyOnesWordCounts(bool stopsListening)
    {
        await using var busy = new FakeEngine(call => call.AnswerJsonAsync(503, "{}", Wait));
        await using var dead = new FakeEngine(call =>
        {
            call.Reset();
            return Task.CompletedTask;
        });
        if (stopsListening)
        {
            dead.StopListening();
        }
        await using var host = await GatewayHost.ServingAsync([busy, dead], options => options.ReplicaSuspension = TimeSpan.Zero);
        for (var i = 0; i < 12; i++)
        {
            var response = await host.Client.PostAsync(Calls.Chat, Calls.PlainBody, ("X-Podvirt-Session-Id", $"s{i}"));
            Assert.Equal("7", response.Headers.GetValues("Retry-After").Single());
            await response.ErrorAsync(HttpStatusCode.ServiceUnavailable, "engine_busy");
        }
        await Eventually.TrueAsync(() => !host.Troubles.IsEmpty, "the dead one is reported");
        Assert.All(host.Troubles, trouble => Assert.Equal("m-1", trouble.Replica));
    }

    [Fact]
    public void ReplicaAsksForAWait_ItGetsNothingNewForThatLongButNoLongerThanASuspension()
    {
        using var lot = new Lot(Lot.Active(replicas: 1, slots: 4));
        lot.Dispatcher.Update(lot.Dispatcher.Route);
        var replica = lot.Dispatcher.TryLease(1, [])!.Replica;
        lot.Dispatcher.Suspend(replica, TimeSpan.FromMilliseconds(500));
        Assert.Null(lot.Dispatcher.TryLease(1, []));
        lot.Time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.NotNull(lot.Dispatcher.TryLease(1, []));
        lot.Dispatcher.Suspend(replica, TimeSpan.FromHours(1));
        lot.Time.Advance(lot.Options.ReplicaSuspension);
        Assert.NotNull(lot.Dispatcher.TryLease(1, []));

        // What was seen to be broken stays out, whatever it asks for.
        lot.Dispatcher.Suspend(replica);
        lot.Dispatcher.Suspend(replica, TimeSpan.Zero);
        Assert.Null(lot.Dispatcher.TryLease(1, []));
    }
}
