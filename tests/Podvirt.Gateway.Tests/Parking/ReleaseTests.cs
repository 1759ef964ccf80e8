using System.Collections.Concurrent;
using System.Net;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Parking;

/// <summary>Parked requests and slots, and what the scheduler hears of them.</summary>
public sealed class ReleaseTests
{
    [Fact]
    public async Task ThousandParkedAndSlotsAppear_EachIsServedOnceAndNoSlotTwice()
    {
        const int Requests = 1000;
        const int Slots = 8;
        var running = 0;
        var most = 0;
        await using var engine = new FakeEngine(async call =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
            await call.AnswerAsync();
        });
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"));
        var requests = Enumerable.Range(0, Requests).Select(_ => host.PlainAsync()).ToArray();
        await host.WaitingAsync(Requests);
        Assert.Equal(0, engine.AcceptedConnections);

        await host.PublishAsync(Routes.Active("m", [engine], slots: Slots));
        foreach (var request in requests)
        {
            Assert.Equal(HttpStatusCode.OK, (await request.Within(60)).StatusCode);
        }
        Assert.Equal(Requests, engine.Calls.Count);
        Assert.InRange(most, 1, Slots);
        Assert.InRange(engine.AcceptedConnections, 1, Slots);
        Assert.All(host.Reports.SelectMany(r => r.Replicas), load => Assert.InRange(load.InFlight, 1, Slots));
        Assert.All(await host.Outbox.AllAsync(Requests), record => Assert.Equal(UsageOutcome.Completed, record.Outcome));
        await host.InFlightAsync(0);
        await host.WaitingAsync(0);
    }

    [Fact]
    public async Task ProjectsThatWait_AreServedInTurns()
    {
        var order = new ConcurrentQueue<string>();
        await using var engine = new FakeEngine(call =>
        {
            order.Enqueue(call.Body.Contains("busy", StringComparison.Ordinal) ? "busy" : "quiet");
            return call.AnswerAsync();
        });
        await using var host = await GatewayHost.StartAsync();
        await host.PutKeyAsync("k2", "pv-quiet", "quiet");
        await host.KnowsKeyAsync("pv-quiet");
        await host.PublishAsync(Routes.Cold("m"));
        using var quiet = host.NewClient("pv-quiet");
        var requests = new List<Task<HttpResponseMessage>>();
        for (var i = 1; i <= 20; i++)
        {
            requests.Add(host.Client.PostAsync(Calls.Chat, Calls.PlainBody.Replace("hi", "busy", StringComparison.Ordinal)));
            await host.WaitingAsync(i);
        }
        requests.Add(quiet.PostAsync(Calls.Chat, Calls.PlainBody));
        requests.Add(quiet.PostAsync(Calls.Chat, Calls.PlainBody));
        await host.WaitingAsync(22);

        await host.PublishAsync(Routes.Active("m", [engine], slots: 1));
        await Task.WhenAll(requests).Within();
        Assert.Equal(["busy", "quiet", "busy", "quiet", "busy"], order.Take(5));
    }

    [Fact]
    public async Task Demand_IsReportedAsALevel()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await go.Task;
            await call.AnswerAsync();
        });
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Cold("m"), Routes.Cold("other"));
        await ReportedAsync(host, r => r is { RoutesEpoch: 1, RoutesRevision: 1, Models.Count: 0 }, "the revision");
        var requests = new[] { host.PlainAsync(), host.PlainAsync(), host.PlainAsync() };
        await ReportedAsync(host, r => r.Models is [{ Model: "m", Waiting: 3, InFlight: 0 }], "three that wait");
        await ReportedAsync(host, r => r.Models is [{ Model: "m", Waiting: 3, OldestMs: > 1000 }], "how long the oldest waits, though nothing changes");

        await host.PublishAsync(Routes.Active("m", [engine], slots: 2), Routes.Cold("other"));
        await ReportedAsync(
            host, r => r is { RoutesRevision: 2, Models: [{ Waiting: 1, InFlight: 2 }], Replicas: [{ Replica: "m-0", InFlight: 2 }] }, "two in flight");
        go.SetResult();
        await Task.WhenAll(requests).Within();
        await ReportedAsync(host, r => r is { RoutesRevision: 2, Models.Count: 0, Replicas.Count: 0 }, "that there is nothing left");
        Assert.Single(host.Reports.Select(r => r.Gateway).Distinct());
    }

    [Theory]
    [InlineData(ReplicaState.Draining)]
    [InlineData(ReplicaState.FallingAsleep)]
    [InlineData(ReplicaState.Waking)]
    public async Task ReplicaFenced_FinishesAndGetsNothingNew(ReplicaState state)
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta("a", 1));
            await go.Task;
            await call.SendChunkAsync(Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var running = await (await host.StreamAsync()).Content.ReadAsStreamAsync();
        await running.ReadUntilAsync("\"a\"");
        var active = Routes.Active("m", [engine]);
        await host.PublishAsync(active with { Replicas = [active.Replicas[0] with { State = state }] });
        await ReportedAsync(host, r => r.RoutesRevision == 2 && r.Replicas is [{ Replica: "m-0", InFlight: 1 }], "the fence, with one in flight");

        var parked = host.StreamAsync();
        await host.WaitingAsync(1);
        Assert.Single(engine.Calls);
        go.SetResult();
        await running.ReadUntilAsync("[DONE]");
        await ReportedAsync(host, r => r.RoutesRevision == 2 && r.Replicas.Count == 0, "that it is empty");
        Assert.Single(engine.Calls);
        await host.PublishAsync(active);
        Assert.EndsWith(Replies.Done, await parked.TextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClientsLeaveWhileSlotsAppear_NoSlotIsLost()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync();
        for (var round = 0; round < 20; round++)
        {
            await host.PublishAsync(Routes.Cold("m"));
            using var cancel = new CancellationTokenSource();
            var leaving = Enumerable.Range(0, 10).Select(_ => host.Client.PostAsync(Calls.Chat, Calls.StreamBody, cancel.Token)).ToArray();
            await host.WaitingAsync(10);
            var publishing = host.PublishAsync(Routes.Active("m", [engine], slots: 2));
            await cancel.CancelAsync();
            await publishing;
            foreach (var request in leaving)
            {
                try
                {
                    (await request.Within()).Dispose();
                }
                catch (OperationCanceledException)
                {
                    // It left in time.
                }
            }
            await host.InFlightAsync(0);
            await host.WaitingAsync(0);
        }
        await host.PublishAsync(Routes.Active("m", [engine], slots: 2));
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
        await host.Outbox.AllAsync(201);
    }

    private static Task ReportedAsync(GatewayHost host, Func<GatewayReport, bool> condition, string what) =>
        Eventually.TrueAsync(() => host.Reports.Any(condition), $"the gateway reports {what}");

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value)
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
