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
