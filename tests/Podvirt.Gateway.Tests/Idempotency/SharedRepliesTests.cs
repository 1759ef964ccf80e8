using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Idempotency;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Idempotency;

/// <summary>A call that is retried at another gateway gets what the first one got, and is billed once.</summary>
public sealed class SharedRepliesTests : IDisposable
{
    private const string Other = """{"model":"m","messages":[{"role":"user","content":"something else"}]}""";

    private static readonly (string, string) s_key = ("Idempotency-Key", "order-7");
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly SharedState _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public async Task RetryAtAnotherGateway_GetsTheFirstReplyAndRunsOnce()
    {
        await using var engine = new FakeEngine();
        await using var first = await _state.ServingAsync("g1", [engine]);
        await using var second = await _state.ServingAsync("g2", [engine]);
        using var reply = await first.PlainAsync(s_key);
        var text = await reply.TextAsync();
        using var again = await second.PlainAsync(s_key);

        Assert.Equal(text, await again.TextAsync());
        Assert.Equal("true", again.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(reply.Headers.GetValues("x-request-id"), again.Headers.GetValues("x-request-id"));
        Assert.Equal(reply.Content.Headers.ContentType, again.Content.Headers.ContentType);
        await second.Client.PostAsync(Calls.Chat, Other, s_key).ErrorAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        Assert.Single(engine.Calls);
        Assert.Empty(second.Outbox.Replies);
    }

    [Fact]
    public async Task SameKeyAtTwoGatewaysAtATime_RunsOnce()
    {
        using var go = new SemaphoreSlim(0);
        await using var engine = new FakeEngine(async call =>
        {
            await go.WaitAsync();
            await call.AnswerAsync();
        });
        await using var first = await _state.ServingAsync("g1", [engine]);
        await using var second = await _state.ServingAsync("g2", [engine]);
        var calls = Enumerable.Range(0, 8).Select(at => (at % 2 == 0 ? first : second).PlainAsync(s_key)).ToList();
        await engine.CallAsync(1);
        go.Release(8);
        var texts = new HashSet<string>();
        foreach (var call in calls)
        {
            texts.Add(await call.TextAsync());
        }
        Assert.Single(texts);
        Assert.Single(engine.Calls);
    }

    [Fact]
    public async Task OtherGatewayTakesTooLong_KeyIsInUse()
    {
        using var go = new SemaphoreSlim(0);
        await using var engine = new FakeEngine(async call =>
        {
            await go.WaitAsync();
            await call.AnswerAsync();
        });
        await using var first = await _state.ServingAsync("g1", [engine]);
        await using var second = await _state.ServingAsync("g2", [engine], o => o.IdempotencyWait = TimeSpan.FromMilliseconds(50));
        var running = first.PlainAsync(s_key);
        await engine.CallAsync(1);
        await second.PlainAsync(s_key).ErrorAsync(HttpStatusCode.Conflict, "idempotency_key_in_use");
        go.Release();
        await running.TextAsync();
    }

    [Fact]
    public async Task Error_IsNotKeptAndTheNextGatewayRuns()
    {
        await using var engine = new FakeEngine();
        await using var first = await _state.ServingAsync("g1", [engine]);
        await using var second = await _state.ServingAsync("g2", [engine]);
        engine.Script = call => call.AnswerJsonAsync(400, """{"error":{"message":"no","type":"invalid_request_error","code":"x"}}""");
        Assert.Equal(HttpStatusCode.BadRequest, (await first.PlainAsync(s_key)).StatusCode);
        engine.Script = call => call.AnswerAsync();
        await second.PlainAsync(s_key).TextAsync();
        Assert.Equal(2, engine.Calls.Count);
    }

    [Fact]
    public async Task GatewayThatDiedWhileItRan_LeavesTheKeyToTheNext()
    {
        var replies = New("g1");
        var (claim, _, _) = await replies.ClaimAsync([1], [2], TimeSpan.FromSeconds(9), s_none);
        Assert.NotNull(claim);
        var next = New("g2");
        Assert.Equal(409, (await next.ClaimAsync([1], [2], TimeSpan.Zero, s_none)).Refusal!.Status);
        _state.Live.Remove("g1");
        Assert.NotNull((await next.ClaimAsync([1], [2], TimeSpan.Zero, s_none)).Claim);

        // It was only slow: what it has is not the reply any more.
        Assert.False(await claim.KeepAsync(Reply("late", DateTimeOffset.UtcNow.AddHours(1))));
        Assert.Equal(409, (await New("g3").ClaimAsync([1], [2], TimeSpan.Zero, s_none)).Refusal!.Status);
    }

    [Fact]
    public async Task ClaimUnderALaterRevision_IsTheGatewaysOwnStill()
    {
        var (kept, _, _) = await New("g1").ClaimAsync([1], [2], TimeSpan.Zero, s_none);
        var (left, _, _) = await New("g1").ClaimAsync([3], [4], TimeSpan.Zero, s_none);
        foreach (var claim in await _state.Store.ListAsync("replies/", s_none))
        {
            await _state.Store.PutAsync(claim.Key, claim.Value, s_none);
        }

        Assert.True(await kept!.KeepAsync(Reply("kept", DateTimeOffset.UtcNow.AddHours(1))));
        await left!.LeaveAsync();

        var reply = (await New("g2").ClaimAsync([1], [2], TimeSpan.Zero, s_none)).Reply!;
        Assert.Equal("kept", System.Text.Encoding.UTF8.GetString(reply.Body.Span));
        Assert.NotNull((await New("g2").ClaimAsync([3], [4], TimeSpan.Zero, s_none)).Claim);
    }

    [Fact]
    public async Task GatewayThatWasPaused_TouchesNothingOfTheReplyThatCounts()
    {
        var until = DateTimeOffset.UtcNow.AddHours(1);
        var (paused, _, _) = await New("g1").ClaimAsync([1], [2], TimeSpan.Zero, s_none);
        _state.Live.Remove("g1");
        var (next, _, _) = await New("g2").ClaimAsync([1], [2], TimeSpan.Zero, s_none);
        Assert.True(await next!.KeepAsync(Reply("the one that counts", until)));

        Assert.False(await paused!.KeepAsync(Reply("late", until)));
        await paused.LeaveAsync();

        var reply = (await New("g3").ClaimAsync([1], [2], TimeSpan.Zero, s_none)).Reply!;
        Assert.Equal("the one that counts", System.Text.Encoding.UTF8.GetString(reply.Body.Span));
        Assert.Single(await _state.Store.ListAsync("reply-bodies/", s_none));
    }

    [Fact]
    public async Task GatewayThatWasPaused_HandsOutNoEndAndBillsNothing()
    {
        using var go = new SemaphoreSlim(0);
        await using var slow = new FakeEngine(async call =>
        {
            await go.WaitAsync();
            await call.AnswerAsync();
        });
        await using var engine = new FakeEngine();
        await using var first = await _state.ServingAsync("g1", [slow]);
        first.MayLogErrors = true;
        await using var second = await _state.ServingAsync("g2", [engine]);
        var late = first.PlainAsync(s_key);
        await slow.CallAsync(1);
        _state.Live.Remove("g1");
        var text = await second.PlainAsync(s_key).TextAsync();

        go.Release();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => late.TextAsync());

        await Eventually.TrueAsync(() => first.Outbox.Records.Count == 1, "the call is recorded");
        var record = first.Outbox.Records.Single();
        Assert.Equal((UsageOutcome.Truncated, "idempotency_key_taken", UsageSource.None, 0), (record.Outcome, record.Reason, record.Source, record.Tokens.Completion));
        Assert.Empty(first.Outbox.Replies);
        Assert.Equal(UsageOutcome.Completed, second.Outbox.Records.Single().Outcome);

        // The client tries again.
        Assert.Equal(text, await first.PlainAsync(s_key).TextAsync());
        Assert.Single(slow.Calls);
    }

    [Fact]
    public async Task Sweep_TakesWhatHasHadItsTimeAndTheOldestOfTooMany()
    {
        var clock = new Clock();
        var replies = New("g1", clock, new GatewayOptions { SharedRepliesMax = 2 });
        for (byte at = 0; at < 4; at++)
        {
            var (claim, _, _) = await replies.ClaimAsync([at], [2], TimeSpan.Zero, s_none);
            await claim!.KeepAsync(Reply($"reply {at}", clock.GetUtcNow().AddMinutes(at + 1)));
        }
        await replies.SweepAsync(s_none);
        Assert.Equal(2, (await _state.Store.ListAsync("replies/", s_none)).Count);
        clock.Advance(TimeSpan.FromMinutes(3));
        await replies.SweepAsync(s_none);
        Assert.Single(await _state.Store.ListAsync("reply-bodies/", s_none));
        Assert.Equal("reply 3", System.Text.Encoding.UTF8.GetString((await New("g2", clock).ClaimAsync([3], [2], TimeSpan.Zero, s_none)).Reply!.Body.Span));
    }

    private SharedReplies New(string id, TimeProvider? clock = null, GatewayOptions? options = null) => new(
        _state.Store, _state.Leases, _state.Enter(id), new StateBlobs(_state.Store), options ?? new GatewayOptions(), clock ?? TimeProvider.System,
        NullLogger<SharedReplies>.Instance);

    private static StoredReply Reply(string text, DateTimeOffset until) =>
        new(new byte[] { 1 }, new byte[] { 2 }, Guid.CreateVersion7(), 200, "text/plain", "m-0", System.Text.Encoding.UTF8.GetBytes(text), until);
}
