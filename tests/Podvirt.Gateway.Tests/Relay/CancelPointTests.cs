using System.Net;
using System.Net.Sockets;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Testing.Net;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>Every point at which a client can leave, by a FIN alone, by closing, or by a reset.</summary>
public sealed class CancelPointTests
{
    public enum Leaving
    {
        Fin,
        Close,
        Reset,
    }

    public enum Point
    {
        BeforeTheHead,
        BeforeTheFirstEvent,
        InAnEvent,
        AfterTokens,
        InAPlainReply,
        BeforeAPlainReply,
    }

    public static TheoryData<Point, Leaving> All()
    {
        var data = new TheoryData<Point, Leaving>();
        foreach (var point in Enum.GetValues<Point>())
        {
            foreach (var leaving in Enum.GetValues<Leaving>())
            {
                data.Add(point, leaving);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task ClientLeaves_EngineIsCutAndWhatWasReadIsBilled(Point point, Leaving leaving)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await (point switch
            {
                Point.BeforeTheFirstEvent => call.SendStreamHeadAsync(),
                Point.InAnEvent => call.SendAsync(Replies.StreamHead() + Replies.Chunk(Replies.Delta("a", 3)) + "40\r\ndata: {\"cho"),
                Point.AfterTokens => call.SendAsync(Replies.StreamHead() + Replies.Chunk(Replies.Delta("a", 3)) + Replies.Chunk(Replies.Delta("b", 5))),
                Point.InAPlainReply => call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"usage\":" + Replies.Usage(7, 9) + ","),
                _ => Task.CompletedTask,
            });
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        await using var client = await LeavingClient.PostAsync(host, point is Point.InAPlainReply or Point.BeforeAPlainReply ? Calls.PlainBody : Calls.StreamBody);
        var call = await engine.CallAsync(1);
        var seen = point switch
        {
            Point.InAnEvent => "\"a\"",
            Point.AfterTokens => "\"b\"",
            Point.InAPlainReply => "{\"usage\":",
            _ => null,
        };
        if (seen is not null)
        {
            await client.ReadUntilAsync(seen);
        }
        if (leaving == Leaving.Fin)
        {
            client.CloseSending();
        }
        else
        {
            client.Leave(reset: leaving == Leaving.Reset);
        }

        await call.PeerClosed.Within();
        var record = await host.Outbox.SingleAsync();
        var billed = point switch
        {
            Point.InAnEvent => 3,
            Point.AfterTokens => 5,
            Point.InAPlainReply => 9,
            _ => 0,
        };
        Assert.Equal((UsageOutcome.Cancelled, seen is null ? 499 : 200, "client_gone"), (record.Outcome, record.Status, record.Reason));
        Assert.Equal(billed == 0 ? default : new TokenCounts(7, 0, billed, 0), record.Tokens);
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ClientLeavesWhileItsEngineIsConnectedTo_ConnectingEnds(bool tls)
    {
        using var deaf = new DeafListener(acceptsConnections: tls);
        await using var host = await GatewayHost.StartAsync(options => options.ConnectTimeout = TimeSpan.FromMinutes(5));
        await host.PublishAsync(Routes.Active("m", []) with { Replicas = [Routes.Replica("deaf", $"{(tls ? "https" : "http")}://127.0.0.1:{deaf.Port}")] });
        await using var client = await LeavingClient.PostAsync(host, Calls.StreamBody);
        await host.InFlightAsync(1);
        client.Leave(reset: false);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, 499, "deaf"), (record.Outcome, record.Status, record.Replica));
        Assert.Empty(host.Troubles);
        await host.NothingIsLeftAsync();
    }

    [Fact]
    public async Task ConnectingTakesTooLong_AnotherServes()
    {
        using var deaf = new DeafListener(acceptsConnections: true);
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(options => options.ConnectTimeout = TimeSpan.FromMilliseconds(200));
        await host.PublishAsync(Routes.Active("m", [engine]) with
        {
            Replicas = [Routes.Replica("deaf", $"https://127.0.0.1:{deaf.Port}"), Routes.Replica("good", engine.Address)],
        });
        for (var i = 0; i < 8; i++)
        {
            var response = await host.PlainAsync(("X-Podvirt-Session-Id", $"s{i}"));
            Assert.Equal("good", response.Headers.GetValues("x-podvirt-replica").Single());
            await response.TextAsync();
        }
        await Eventually.TrueAsync(() => !host.Troubles.IsEmpty, "the deaf one is reported");
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientLeavesDuringARetry_BothReplicasAreFree(bool stream)
    {
        var hanging = new TaskCompletionSource<FakeCall>(TaskCreationOptions.RunContinuationsAsynchronously);
        var refused = 0;
        async Task Script(FakeCall call)
        {
            if (Interlocked.Increment(ref refused) == 1)
            {
                await call.AnswerJsonAsync(503, "{}");
                return;
            }
            hanging.SetResult(call);
            await call.HangAsync();
        }
        await using var a = new FakeEngine(Script);
        await using var b = new FakeEngine(Script);
        await using var host = await GatewayHost.ServingAsync([a, b]);
        await using var client = await LeavingClient.PostAsync(host, stream ? Calls.StreamBody : Calls.PlainBody);
        var second = await hanging.Task.Within();
        client.Leave(reset: false);
        await second.PeerClosed.Within();
        Assert.Equal((UsageOutcome.Cancelled, 499), (await host.Outbox.SingleAsync()) is var record ? (record.Outcome, record.Status) : default);
        await host.NothingIsLeftAsync(a, b);
    }

    [Fact]
    public async Task ClientLeavesWhileItWaitsForAnotherTry_ItsPlaceIsFree()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(503, "{}"));
        await using var host = await GatewayHost.ServingAsync(engine, options => options.ReplicaSuspension = TimeSpan.FromMinutes(5));
        await using var client = await LeavingClient.PostAsync(host, Calls.PlainBody);
        await host.WaitingAsync(1);
        Assert.Single(engine.Calls);
        client.Leave(reset: true);
        Assert.Equal(UsageOutcome.Cancelled, (await host.Outbox.SingleAsync()).Outcome);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task ClientLeavesWhileItsRecordIsWritten_TheRecordStands()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.Hold();
        await using var client = await LeavingClient.PostAsync(host, Calls.StreamBody);
        await Eventually.TrueAsync(() => host.Outbox.Waiting == 1, "the record is being appended");
        client.Leave(reset: true);
        host.Outbox.Release();
        Assert.Equal(UsageOutcome.Completed, (await host.Outbox.SingleAsync()).Outcome);
        await host.NothingIsLeftAsync(engine);
        Assert.Single(host.Outbox.Records);
    }
}
