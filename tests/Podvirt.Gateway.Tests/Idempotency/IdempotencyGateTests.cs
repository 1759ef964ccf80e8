using System.Net;
using Podvirt.Gateway.Idempotency;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Idempotency;

/// <summary>A retried plain call gets what the first one got, and is billed once.</summary>
public sealed class IdempotencyGateTests
{
    private const string Other = """{"model":"m","messages":[{"role":"user","content":"something else"}]}""";

    private static readonly (string, string) s_key = ("Idempotency-Key", "order-7");

    [Fact]
    public async Task SameKeyAndBody_GetsTheFirstReplyAndRunsOnce()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        using var first = await host.PlainAsync(s_key);
        var text = await first.TextAsync();
        using var second = await host.PlainAsync(s_key);

        Assert.Equal(text, await second.TextAsync());
        Assert.Equal((first.StatusCode, first.Content.Headers.ContentType), (second.StatusCode, second.Content.Headers.ContentType));
        Assert.Equal(Header(first, "x-request-id"), Header(second, "x-request-id"));
        Assert.Equal(Header(first, "x-podvirt-replica"), Header(second, "x-podvirt-replica"));
        Assert.Equal((null, "true"), (Header(first, "Idempotent-Replayed"), Header(second, "Idempotent-Replayed")));
        Assert.Single(engine.Calls);
        Assert.Equal(Header(first, "x-request-id"), (await host.Outbox.SingleAsync()).Id.ToString());
    }

    [Fact]
    public async Task SameKeyWithAnotherBody_IsRefused()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync(s_key).TextAsync();

        var error = await host.Client.PostAsync(Calls.Chat, Other, s_key).ErrorAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        Assert.Equal("Idempotency-Key", error.GetProperty("param").GetString());
        Assert.Single(engine.Calls);
    }

    [Fact]
    public async Task OtherCallerOrPathOrKey_IsAnotherCall()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PutKeyAsync("k2", "pv-second");
        await host.KnowsKeyAsync("pv-second");
        using var second = host.NewClient("pv-second");
        await host.PlainAsync(s_key).TextAsync();
        await second.PostAsync(Calls.Chat, Calls.PlainBody, s_key).TextAsync();
        await host.PlainAsync(("Idempotency-Key", "order-8")).TextAsync();
        await host.Client.PostAsync(Calls.Completions, """{"model":"m","prompt":"hi"}""", s_key).TextAsync();

        Assert.Equal(4, engine.Calls.Count);
        Assert.Equal(4, host.Outbox.Replies.Count);
    }

    [Fact]
    public async Task SameKeyAtTheSameTime_WaitsForTheFirst()
    {
        using var go = new SemaphoreSlim(0);
        await using var engine = new FakeEngine(async call =>
        {
            await go.WaitAsync();
            await call.AnswerAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var calls = Enumerable.Range(0, 8).Select(_ => host.PlainAsync(s_key)).ToList();
        await host.InFlightAsync(1);
        await host.Client.PostAsync(Calls.Chat, Other, s_key).ErrorAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        go.Release();

        var texts = new HashSet<string>();
        foreach (var call in calls)
        {
            texts.Add(await call.TextAsync());
        }
        Assert.Single(texts);
        Assert.Single(engine.Calls);
        Assert.Single(host.Outbox.Records);
    }

    [Fact]
    public async Task FirstTakesTooLong_IsAConflict()
    {
        await using var engine = new FakeEngine(call => call.HangAsync());
        await using var host = await GatewayHost.ServingAsync(engine, options => options.IdempotencyWait = TimeSpan.FromMilliseconds(50));
        using var leave = new CancellationTokenSource();
        var first = host.Client.PostAsync(Calls.Chat, Calls.PlainBody, leave.Token, s_key);
        await host.InFlightAsync(1);

        using var second = await host.PlainAsync(s_key);
        await second.ErrorAsync(HttpStatusCode.Conflict, "idempotency_key_in_use");
        Assert.Equal("1", Header(second, "Retry-After"));
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await host.InFlightAsync(0);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(400)]
    public async Task Errors_AreNotKept(int status)
    {
        var isFirst = true;
        await using var engine = new FakeEngine(call =>
        {
            var answer = isFirst ? call.AnswerJsonAsync(status, """{"error":{"message":"no"}}""") : call.AnswerAsync();
            isFirst = false;
            return answer;
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        using var first = await host.PlainAsync(s_key);
        Assert.NotEqual(HttpStatusCode.OK, first.StatusCode);

        using var second = await host.PlainAsync(s_key);
        Assert.Equal((HttpStatusCode.OK, null), (second.StatusCode, Header(second, "Idempotent-Replayed")));
    }

    [Fact]
    public async Task Stream_IsServedAsAlways()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 0; i < 2; i++)
        {
            using var response = await host.StreamAsync(s_key);
            Assert.EndsWith(Replies.Done, await response.TextAsync(), StringComparison.Ordinal);
            Assert.Null(Header(response, "Idempotent-Replayed"));
        }
        Assert.Equal(2, engine.Calls.Count);
    }

    [Fact]
    public async Task ReplyTooLongToBeKept_RunsAgain()
    {
        var json = "{\"choices\":[],\"x\":\"" + new string('y', ReplyCapture.BytesMax) + "\"}";
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, json));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(json, await host.PlainAsync(s_key).TextAsync());
        Assert.Equal(json, await host.PlainAsync(s_key).TextAsync());
        Assert.Equal(2, engine.Calls.Count);
    }

    [Fact]
    public async Task StoreThatCannotBeRead_IsNoLeaveToRunAgain()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.Fails = true;
        await host.PlainAsync(s_key).ErrorAsync(HttpStatusCode.ServiceUnavailable, "metering_unavailable");
        Assert.Empty(engine.Calls);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    public async Task KeyThatIsNone_IsRefused(string key)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync(("Idempotency-Key", key)).ErrorAsync(HttpStatusCode.BadRequest, "invalid_header");
        await host.PlainAsync(("Idempotency-Key", new string('k', 256))).ErrorAsync(HttpStatusCode.BadRequest, "invalid_header");
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
