using System.Diagnostics;
using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

public sealed class BlockingQueryTests
{
    [Fact]
    public async Task IndexGiven_WaitsForAChangeOfThatTableAlone()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        await calls.AllocationAsync("a", "running");
        var index = await IndexAsync(calls, "/v1/nodes");

        var nodes = calls.SendAsync(HttpMethod.Get, $"/v1/nodes?index={index}&wait=30s");
        await calls.RegisterAsync(Jobs.Shell("b", Jobs.Sleep));
        await calls.AllocationAsync("b", "running");
        Assert.False(nodes.IsCompleted);
        nomad.DrainNode("node-1");
        var woken = await nodes;

        Assert.True(ulong.Parse(woken.Headers.GetValues("X-Nomad-Index").Single()) > index);
        Assert.True(JsonNode.Parse(woken.Text)![0]!["Drain"]!.GetValue<bool>());
        Assert.Equal("true", woken.Headers.GetValues("X-Nomad-KnownLeader").Single());
    }

    [Fact]
    public async Task NothingChanges_AnswersTheSameIndexAfterTheWait()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var index = await IndexAsync(calls, "/v1/nodes");
        var started = Stopwatch.GetTimestamp();

        var (_, _, headers) = await calls.SendAsync(HttpMethod.Get, $"/v1/nodes?index={index}&wait=200ms");

        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 195, 5_000);
        Assert.Equal($"{index}", headers.GetValues("X-Nomad-Index").Single());
    }

    [Fact]
    public async Task WakeUpMissed_AnswersTheChangeOnlyAtTheTimeOut()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        var index = await IndexAsync(calls, "/v1/nodes");
        nomad.MissWakeUps(1);
        var started = Stopwatch.GetTimestamp();

        var waiting = calls.SendAsync(HttpMethod.Get, $"/v1/nodes?index={index}&wait=300ms");
        Assert.True(SpinWait.SpinUntil(() => nomad.BlockedQueries == 1, TimeSpan.FromSeconds(5)));
        nomad.DrainNode("node-1");
        var (_, text, _) = await waiting;

        Assert.True(Stopwatch.GetElapsedTime(started).TotalMilliseconds >= 295);
        Assert.True(JsonNode.Parse(text)![0]!["Drain"]!.GetValue<bool>());
    }

    [Fact]
    public async Task IndexReset_GoesBackwards()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        await calls.AllocationAsync("a", "running");
        var before = await IndexAsync(calls, "/v1/jobs");

        nomad.ResetIndex();

        Assert.True(await IndexAsync(calls, "/v1/jobs") < before);
        Assert.Equal("running", (await calls.GetAsync("/v1/job/a"))["Status"]!.GetValue<string>());
    }

    [Fact]
    public async Task BadIndexOrWait_IsRefused()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);

        Assert.Equal("Invalid index", (await calls.SendAsync(HttpMethod.Get, "/v1/jobs?index=x")).Text);
        Assert.Equal("Invalid wait time", (await calls.SendAsync(HttpMethod.Get, "/v1/jobs?index=1&wait=1y")).Text);
    }

    private static async Task<ulong> IndexAsync(NomadCalls calls, string path) =>
        ulong.Parse((await calls.SendAsync(HttpMethod.Get, path)).Headers.GetValues("X-Nomad-Index").Single());
}
