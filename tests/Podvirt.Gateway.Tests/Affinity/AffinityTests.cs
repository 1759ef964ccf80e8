using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Affinity;

public sealed class AffinityTests
{
    [Fact]
    public async Task SameSession_StaysOnItsReplicaAndSaysSo()
    {
        await using var a = new FakeEngine();
        await using var b = new FakeEngine();
        await using var c = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([a, b, c]);
        var replicas = new HashSet<string>();
        for (var session = 0; session < 12; session++)
        {
            string? first = null;
            for (var turn = 0; turn < 3; turn++)
            {
                var response = await host.PlainAsync(("X-Podvirt-Session-Id", $"session {session}"));
                await response.TextAsync();
                await host.InFlightAsync(0);
                var replica = response.Headers.GetValues("x-podvirt-replica").Single();
                first ??= replica;
                Assert.Equal(first, replica);
                Assert.Equal(turn == 0 ? "new" : "hit", response.Headers.GetValues("x-podvirt-affinity").Single());
                Assert.Equal($"session {session}", response.Headers.GetValues("x-podvirt-session-id").Single());
            }
            replicas.Add(first!);
        }
        Assert.Equal(3, replicas.Count);
    }

    [Fact]
    public async Task ReplicaGone_ItsSessionsMoveAndSaySo()
    {
        await using var a = new FakeEngine();
        await using var b = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([a, b]);
        var before = await ReplicasAsync(host);
        var table = Routes.Active("m", [a, b]);
        await host.PublishAsync(table with { Replicas = [table.Replicas[0]] });
        foreach (var (session, replica) in before)
        {
            var response = await host.PlainAsync(("X-Podvirt-Session-Id", session));
            await response.TextAsync();
            Assert.Equal("m-0", response.Headers.GetValues("x-podvirt-replica").Single());
            Assert.Equal(replica == "m-0" ? "hit" : "moved", response.Headers.GetValues("x-podvirt-affinity").Single());
        }
        await host.PublishAsync(table);
        Assert.Equal(before, await ReplicasAsync(host));
    }

    [Fact]
    public async Task ConversationWithoutSessionId_StaysWhileItGrows()
    {
        await using var a = new FakeEngine();
        await using var b = new FakeEngine();
        await using var c = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([a, b, c]);
        var messages = """{"role":"system","content":"Be brief."},{"role":"user","content":"One?"}""";
        for (var turn = 0; turn < 6; turn++)
        {
            var response = await host.Client.PostAsync(Calls.Chat, $$"""{"model":"m","messages":[{{messages}}]}""");
            await response.TextAsync();
            await host.InFlightAsync(0);
            Assert.Equal(turn == 0 ? "new" : "hit", response.Headers.GetValues("x-podvirt-affinity").Single());
            messages += $$""",{"role":"assistant","content":"{{turn}}"},{"role":"user","content":"And {{turn}}?"}""";
        }
        Assert.Single(new[] { a, b, c }, engine => !engine.Calls.IsEmpty);
    }

    [Fact]
    public async Task OneSessionWithManyRequestsAtOnce_LeavesNoReplicaFarOverTheAverage()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var engines = Enumerable.Range(0, 3).Select(_ => new FakeEngine(async call =>
        {
            await go.Task;
            await call.AnswerAsync();
        })).ToArray();
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", engines, slots: 64));
        var requests = Enumerable.Range(0, 24).Select(_ => host.PlainAsync(("X-Podvirt-Session-Id", "hot"))).ToArray();
        await Eventually.TrueAsync(() => engines.Sum(e => e.Calls.Count) == 24, "all requests are at an engine");
        Assert.All(engines, engine => Assert.InRange(engine.Calls.Count, 1, 10));
        go.SetResult();
        await Task.WhenAll(requests).Within();
        foreach (var engine in engines)
        {
            await engine.DisposeAsync();
        }
    }

    [Fact]
    public async Task ReplicaFullOrFailing_SessionMovesAndSaysSo_AndSoDoesItsWayBack()
    {
        var isFailing = false;
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task ScriptAsync(FakeCall call)
        {
            if (call.Header("X-Request-Id") is not null && call.Body.Contains("hold", StringComparison.Ordinal))
            {
                await go.Task;
            }
            await call.AnswerAsync();
        }
        await using var a = new FakeEngine(call => Volatile.Read(ref isFailing) ? call.AnswerJsonAsync(503, "{}") : ScriptAsync(call));
        await using var b = new FakeEngine(ScriptAsync);
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [a, b], slots: 1));
        var session = await SessionOnAsync(host, "m-0");
        Assert.Equal(("m-0", "hit"), await TurnAsync(host, session));

        // Full.
        var holding = host.Client.PostAsync(
            Calls.Chat, Calls.PlainBody.Replace("hi", "hold", StringComparison.Ordinal), ("X-Podvirt-Session-Id", session));
        await host.InFlightAsync(1);
        Assert.Equal(("m-1", "moved"), await TurnAsync(host, session, inFlight: 1));
        Assert.Equal(("m-1", "hit"), await TurnAsync(host, session, inFlight: 1));
        go.SetResult();
        await holding.TextAsync();
        await host.InFlightAsync(0);
        Assert.Equal(("m-0", "moved"), await TurnAsync(host, session));
        Assert.Equal(("m-0", "hit"), await TurnAsync(host, session));

        // Failing: within one request from one to the other.
        Volatile.Write(ref isFailing, true);
        Assert.Equal(("m-1", "moved"), await TurnAsync(host, session));
        Assert.Equal(("m-1", "hit"), await TurnAsync(host, session));
    }

    [Fact]
    public async Task FirstTurnThatFailsOver_IsNew()
    {
        await using var a = new FakeEngine(call => call.AnswerJsonAsync(503, "{}"));
        await using var b = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([a, b]);
        for (var i = 0; a.Calls.IsEmpty; i++)
        {
            Assert.Equal(("m-1", "new"), await TurnAsync(host, $"s{i}"));
        }
    }

    [Fact]
    public async Task SameSessionIdAtAnotherModel_IsASessionOfItsOwnThere()
    {
        await using var a = new FakeEngine();
        await using var b = new FakeEngine();
        await using var host = await GatewayHost.StartAsync();
        await host.PublishAsync(Routes.Active("m", [a]), Routes.Active("n", [b]));
        for (var turn = 0; turn < 3; turn++)
        {
            foreach (var model in new[] { "m", "n" })
            {
                var body = Calls.PlainBody.Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);
                var response = await host.Client.PostAsync(Calls.Chat, body, ("X-Podvirt-Session-Id", "both"));
                await response.TextAsync();
                Assert.Equal(turn == 0 ? "new" : "hit", response.Headers.GetValues("x-podvirt-affinity").Single());
            }
        }
    }

    [Fact]
    public async Task SameSessionIdInAnotherProject_IsASessionOfItsOwnThere()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PutKeyAsync("k2", "pv-other", "other");
        await host.PutKeyAsync("k3", "pv-colleague", GatewayHost.Project);
        await host.KnowsKeyAsync("pv-other");
        await host.KnowsKeyAsync("pv-colleague");
        using var other = host.NewClient("pv-other");
        using var colleague = host.NewClient("pv-colleague");
        Assert.Equal("new", await OutcomeAsync(host.Client));
        Assert.Equal("new", await OutcomeAsync(other));

        // The keys of one project share their sessions.
        Assert.Equal("hit", await OutcomeAsync(colleague));
        Assert.Equal("hit", await OutcomeAsync(other));

        static async Task<string> OutcomeAsync(HttpClient client)
        {
            var response = await client.PostAsync(Calls.Chat, Calls.PlainBody, ("X-Podvirt-Session-Id", "ours"));
            await response.TextAsync();
            return response.Headers.GetValues("x-podvirt-affinity").Single();
        }
    }

    private static async Task<string> SessionOnAsync(GatewayHost host, string replica)
    {
        for (var i = 0; ; i++)
        {
            if ((await TurnAsync(host, $"s{i}")).Replica == replica)
            {
                return $"s{i}";
            }
        }
    }

    private static async Task<(string Replica, string Affinity)> TurnAsync(GatewayHost host, string session, int inFlight = 0)
    {
        var response = await host.PlainAsync(("X-Podvirt-Session-Id", session));
        await response.TextAsync();
        await host.InFlightAsync(inFlight);
        return (response.Headers.GetValues("x-podvirt-replica").Single(), response.Headers.GetValues("x-podvirt-affinity").Single());
    }

    private static async Task<List<(string Session, string Replica)>> ReplicasAsync(GatewayHost host)
    {
        var replicas = new List<(string, string)>();
        for (var i = 0; i < 16; i++)
        {
            var response = await host.PlainAsync(("X-Podvirt-Session-Id", $"s{i}"));
            await response.TextAsync();
            await host.InFlightAsync(0);
            replicas.Add(($"s{i}", response.Headers.GetValues("x-podvirt-replica").Single()));
        }
        return replicas;
    }
}
