using System.Net;
using Podvirt.Core.Messages;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

public sealed class EngineFailureTests
{
    public enum Death
    {
        Refuses,
        ClosesAtOnce,
        ResetsAtOnce,
        ClosesInTheHead,
        ClosesAfterTheHead,
        ResetsInAnEvent,
        Answers503,
        Answers502,
        AnswersNonsense,
    }

    public static TheoryData<Death, bool> Deaths()
    {
        var data = new TheoryData<Death, bool>();
        foreach (var death in Enum.GetValues<Death>())
        {
            data.Add(death, true);
            if (death is not (Death.ClosesAfterTheHead or Death.ResetsInAnEvent))
            {
                data.Add(death, false);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task ReplicaDiesBeforeItsFirstEvent_AnotherServes(Death death, bool stream)
    {
        await using var dying = new FakeEngine(call => DieAsync(call, death));
        await using var good = new FakeEngine();
        if (death == Death.Refuses)
        {
            dying.StopListening();
        }
        await using var host = await GatewayHost.ServingAsync([dying, good]);
        var reply = new SampleReply(true, stream, false, false);
        for (var i = 0; i < 12; i++)
        {
            var response = await host.Client.PostAsync(Calls.Chat, stream ? Calls.StreamBody : Calls.PlainBody, ("X-Podvirt-Session-Id", $"s{i}"));
            Assert.Equal(stream ? reply.Events : reply.Plain, await response.TextAsync());
            Assert.Equal("m-1", response.Headers.GetValues("x-podvirt-replica").Single());
        }
        Assert.All(await host.Outbox.AllAsync(12), record => Assert.Equal((UsageOutcome.Completed, "m-1"), (record.Outcome, record.Replica)));

        // The suspension keeps it from being tried by every one.
        Assert.True(dying.Calls.Count < 12);
        await Eventually.TrueAsync(() => !host.Troubles.IsEmpty, "the trouble is reported");
        Assert.All(host.Troubles, trouble => Assert.Equal(("m", "m-0", KindOf(death)), (trouble.Model, trouble.Replica, trouble.Kind)));
    }

    [Fact]
    public async Task EveryReplicaRefuses_Is502AfterTheAttempts()
    {
        await using var a = new FakeEngine();
        await using var b = new FakeEngine();
        a.StopListening();
        b.StopListening();
        await using var host = await GatewayHost.ServingAsync([a, b], options => options.AttemptsMax = 2);
        var response = await host.StreamAsync();
        Assert.NotNull(response.Headers.RetryAfter);
        await response.ErrorAsync(HttpStatusCode.BadGateway, "engine_unreachable");
        Assert.Equal((UsageOutcome.Failed, 502, "engine_unreachable"), Outcome(await host.Outbox.SingleAsync()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EveryReplicaAnswersNonsense_IsSaidSo(bool stream)
    {
        await using var a = new FakeEngine(call => DieAsync(call, Death.AnswersNonsense));
        await using var b = new FakeEngine(a.Script);
        await using var host = await GatewayHost.ServingAsync([a, b], options => options.AttemptsMax = 2);
        var response = await (stream ? host.StreamAsync() : host.PlainAsync());
        await response.ErrorAsync(HttpStatusCode.BadGateway, "engine_malformed");
        Assert.Equal((1, 1), (a.Calls.Count, b.Calls.Count));
        Assert.Equal((UsageOutcome.Failed, 502, "engine_malformed"), Outcome(await host.Outbox.SingleAsync()));
        await host.NothingIsLeftAsync(a, b);
    }

    [Fact]
    public async Task OnlyReplicaAnswers503Once_IsTriedAgain()
    {
        await using var engine = new FakeEngine(call => call.Number == 1 ? call.AnswerJsonAsync(503, "{}") : call.AnswerAsync());
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.EndsWith(Replies.Done, await host.StreamAsync().TextAsync(), StringComparison.Ordinal);
        Assert.Equal(2, engine.Calls.Count);
    }

    [Fact]
    public async Task FailuresInARow_AreCounted_WhereNoneWentWellBetween_AndTheRequestWasNotAtFault()
    {
        int[] answers = [500, 400, 500, 200, 500];
        await using var engine = new FakeEngine(call =>
            answers[call.Number - 1] is not 200 and var status ? call.AnswerJsonAsync(status, "{}") : call.AnswerAsync());
        await using var host = await GatewayHost.ServingAsync(engine);
        foreach (var answer in answers)
        {
            Assert.Equal(answer, (int)(await host.PlainAsync()).StatusCode);
        }

        await Eventually.TrueAsync(() => host.Troubles.Count == 3, "every failure is reported");
        Assert.Equal([1, 2, 1], host.Troubles.Select(trouble => trouble.InARow));
    }

    [Fact]
    public async Task OnlyReplicaKeepsFailing_MaxWaitHoldsOverAllItsWaits()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(503, "{}"));
        await using var host = await GatewayHost.ServingAsync(engine, options => options.AttemptsMax = 100);
        await host.PlainAsync(("X-Podvirt-Max-Wait", "3")).ErrorAsync(HttpStatusCode.ServiceUnavailable, "model_warming_timeout");
        var record = await host.Outbox.SingleAsync();
        Assert.InRange(record.ParkedUs, 2_900_000, 4_500_000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EngineDiesInTheMiddleOfItsStream_ClientIsToldInBand(bool reset)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 1));
            await call.SendChunkAsync(Replies.Delta("b", 5));
            await call.SendAsync("40\r\ndata: {\"cho");
            await Eventually.TrueAsync(() => s_seen.Contains(call.Header("X-Request-Id")!), "the client has the tokens");
            if (reset)
            {
                call.Reset();
            }
            else
            {
                call.Close();
            }
        });
        await using var other = new FakeEngine(engine.Script);
        await using var host = await GatewayHost.ServingAsync([engine, other]);
        var response = await host.StreamAsync();
        var stream = await response.Content.ReadAsStreamAsync();
        var text = await stream.ReadUntilAsync("\"b\"");
        s_seen.Add(response.Headers.GetValues("x-request-id").Single());
        text += await new StreamReader(stream).ReadToEndAsync().Within();
        Calls.InBandError(text, "engine_truncated");
        Assert.DoesNotContain("{\"cho\n", text, StringComparison.Ordinal);

        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, 200, "engine_truncated"), Outcome(record));
        Assert.Equal(new TokenCounts(7, 0, 5, 0), record.Tokens);
        Assert.Equal(1, engine.Calls.Count + other.Calls.Count);
        await Eventually.TrueAsync(() => host.Troubles.Any(t => t.Kind == TroubleKind.Died), "the death is reported");
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"no memory\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}\n\n", "no memory")]
    [InlineData("data: {\"error\":\"no memory\"}\n\n", "no memory")]
    [InlineData("data: {\"error\":{\"message\":\"\\ud800\"}}\n\n", "")]
    public async Task EngineReportsAnErrorInItsStream_IsNormalisedAndEndsIt(string errorEvent, string message)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 2) + errorEvent + Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var error = Calls.InBandError(await host.StreamAsync().TextAsync(), null);
        Assert.Contains(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, 200, "engine_error"), Outcome(record));
        Assert.Equal(2, record.Tokens.Completion);
        await Eventually.TrueAsync(() => host.Troubles.Any(t => t.Kind == TroubleKind.BadResponse), "the error is reported");
    }

    [Theory]
    [InlineData("data: {\"choices\":[\n\n")]
    [InlineData("data: hello\n\n")]
    [InlineData("data: [1]\n\n")]
    [InlineData("data: {\"\\ud800\":1}\n\n")]
    public async Task FrameMalformed_CutsTheStream(string frame)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 2) + frame + Replies.Delta("b", 3));
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        Calls.InBandError(await host.StreamAsync().TextAsync(), "engine_malformed");
        Assert.Equal((UsageOutcome.Truncated, 200, "engine_malformed"), Outcome(await host.Outbox.SingleAsync()));
        await engine.LastCall.PeerClosed.Within();
    }

    [Fact]
    public async Task EventLargerThanTheLimit_CutsTheStream()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 2));
            await call.SendChunkAsync(Replies.Delta(new string('x', 1_100_000), 3));
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        Calls.InBandError(await host.StreamAsync().TextAsync(), "engine_malformed");
        await engine.LastCall.PeerClosed.Within();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EngineSilentForLongerThanItsTokenTimeout_IsCut(bool afterAToken)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            if (afterAToken)
            {
                await call.SendChunkAsync(Replies.Delta("a", 2));
            }
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, tokenTimeout: TimeSpan.FromMilliseconds(200));
        var response = await host.StreamAsync();
        if (afterAToken)
        {
            Calls.InBandError(await response.TextAsync(), "engine_stalled");
        }
        else
        {
            await response.ErrorAsync(HttpStatusCode.GatewayTimeout, "engine_stalled");
        }
        await engine.LastCall.PeerClosed.Within();
        Assert.Equal("engine_stalled", (await host.Outbox.SingleAsync()).Reason);
        await Eventually.TrueAsync(() => host.Troubles.Any(t => t.Kind == TroubleKind.Stalled), "the stall is reported");
        await host.InFlightAsync(0);
    }

    [Fact]
    public async Task EngineSlowerThanTheTimeoutInAllButNeverSilent_IsNotCut()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; i <= 12; i++)
            {
                await Task.Delay(Pauses.SlowToken);
                await call.SendChunkAsync(Replies.Delta("a", i));
            }
            await call.SendChunkAsync(Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, tokenTimeout: TimeSpan.FromMilliseconds(500));
        Assert.EndsWith(Replies.Done, await host.StreamAsync().TextAsync(), StringComparison.Ordinal);
    }

    private static readonly System.Collections.Concurrent.ConcurrentBag<string> s_seen = [];

    private static (UsageOutcome Outcome, int Status, string Reason) Outcome(UsageRecord record) => (record.Outcome, record.Status, record.Reason);

    private static TroubleKind KindOf(Death death) => death switch
    {
        Death.Refuses => TroubleKind.Unreachable,
        Death.Answers502 or Death.Answers503 or Death.AnswersNonsense => TroubleKind.BadResponse,
        _ => TroubleKind.Died,
    };

    private static async Task DieAsync(FakeCall call, Death death)
    {
        await (death switch
        {
            Death.ClosesInTheHead => call.SendAsync("HTTP/1.1 200 OK\r\nContent-Ty"),
            Death.ClosesAfterTheHead => call.SendStreamHeadAsync(),
            Death.ResetsInAnEvent => call.SendAsync(Replies.StreamHead() + "30\r\ndata: {\"choices\""),
            Death.Answers503 => call.AnswerJsonAsync(503, "{}"),
            Death.Answers502 => call.AnswerJsonAsync(502, "{}"),
            Death.AnswersNonsense => call.SendAsync("SSH-2.0-OpenSSH_9.6\r\n\r\n"),
            _ => Task.CompletedTask,
        });
        if (death is Death.ResetsAtOnce or Death.ResetsInAnEvent)
        {
            call.Reset();
        }
        else if (death is not (Death.Answers502 or Death.Answers503))
        {
            call.Close();
        }
    }
}
