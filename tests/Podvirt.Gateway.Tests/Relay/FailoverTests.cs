using System.Net;
using Podvirt.Core.Messages;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>How often, and when not, a request goes to another replica.</summary>
public sealed class FailoverTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task AllReplicasFail_AsManyAreTriedAsAreAllowed_EachOnceAndMarked(int attempts)
    {
        await using var engines = new Engines(5, call => call.AnswerJsonAsync(503, """{"error":{"message":"broken","code":"engine_dead"}}"""));
        await using var host = await GatewayHost.ServingAsync(engines.All, options => options.AttemptsMax = attempts);
        var error = await host.StreamAsync().ErrorAsync(HttpStatusCode.ServiceUnavailable, "engine_dead");
        Assert.Equal("broken", error.GetProperty("message").GetString());
        Assert.Equal(attempts, engines.Calls);
        Assert.All(engines.All, engine => Assert.InRange(engine.Calls.Count, 0, 1));
        await Eventually.TrueAsync(() => host.Troubles.Count == attempts, "each failure is reported");
        Assert.Equal(attempts, host.Troubles.Select(trouble => trouble.Replica).Distinct().Count());
        Assert.Equal((UsageOutcome.Failed, 503, "engine_dead"), await host.Outbox.SingleAsync() is var r ? (r.Outcome, r.Status, r.Reason) : default);

        // Those that failed are left alone for a while: the next request goes to the others.
        await host.StreamAsync().ErrorAsync(HttpStatusCode.ServiceUnavailable, "engine_dead");
        Assert.All(engines.All, engine => Assert.InRange(engine.Calls.Count, 0, attempts == 1 ? 1 : 2));
        Assert.True(engines.All.Count(engine => !engine.Calls.IsEmpty) >= Math.Min(5, 2 * attempts));
        await host.NothingIsLeftAsync(engines.All);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(500)]
    [InlineData(504)]
    public async Task EngineGivesAnyOtherRefusal_NoOtherIsTried(int status)
    {
        await using var engines = new Engines(2, call => call.AnswerJsonAsync(status, "{}"));
        await using var host = await GatewayHost.ServingAsync(engines.All);
        var response = await host.StreamAsync().Within();
        Assert.Equal(status is 401 or 404 ? 502 : status, (int)response.StatusCode);
        Assert.Equal(1, engines.Calls);
        await host.Outbox.SingleAsync();
        await host.NothingIsLeftAsync(engines.All);
    }

    [Fact]
    public async Task PlainReplyBreaksOffBehindItsFirstBytes_NoOtherIsTried()
    {
        await using var engines = new Engines(2, async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":");
            call.Close();
        });
        await using var host = await GatewayHost.ServingAsync(engines.All);
        await Assert.ThrowsAsync<HttpRequestException>(() => host.PlainAsync().TextAsync());
        Assert.Equal((UsageOutcome.Truncated, "engine_truncated"), await host.Outbox.SingleAsync() is var r ? (r.Outcome, r.Reason) : default);
        Assert.Equal(1, engines.Calls);
        await host.NothingIsLeftAsync(engines.All);
    }

    [Fact]
    public async Task StreamIsMalformedBehindItsFirstEvent_NoOtherIsTried()
    {
        await using var engines = new Engines(2, async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendAsync(Replies.Chunk(Replies.Delta("a", 1)) + "no chunk\r\n");
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engines.All);
        Calls.InBandError(await host.StreamAsync().TextAsync(), "engine_malformed");
        await Eventually.TrueAsync(() => !host.Troubles.IsEmpty, "the trouble is reported");
        Assert.Equal(TroubleKind.BadResponse, host.Troubles.Single().Kind);
        Assert.Equal(1, engines.Calls);
        await host.NothingIsLeftAsync(engines.All);
    }

    [Fact]
    public async Task OneIsBusyAndAllOthersFull_TheClientIsToldAtOnce()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var full = new FakeEngine(async call =>
        {
            await go.Task;
            await call.AnswerAsync();
        });
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [full], slots: 1));
        var running = host.PlainAsync();
        await full.CallAsync(1);
        await using var busy = new FakeEngine(call => call.AnswerJsonAsync(429, "{}", "Retry-After: 3\r\n"));
        await host.PublishAsync(Routes.Active("m", [full, busy], slots: 1));
        await host.PlainAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "engine_busy");
        Assert.Single(busy.Calls);
        go.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await running.Within()).StatusCode);
        await host.NothingIsLeftAsync(full, busy);
    }

    private sealed class Engines(int count, Func<FakeCall, Task> script) : IAsyncDisposable
    {
        public FakeEngine[] All { get; } = [.. Enumerable.Range(0, count).Select(_ => new FakeEngine(script))];

        public int Calls => All.Sum(engine => engine.Calls.Count);

        public async ValueTask DisposeAsync()
        {
            foreach (var engine in All)
            {
                await engine.DisposeAsync();
            }
        }
    }
}
