using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Nomad.Api;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

/// <summary>One scheduler after another, on the same jobs.</summary>
public sealed class TakeOverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RunningReplica_IsTakenOverAsItIs_AndStopped()
    {
        await using var world = await NomadWorld.StartAsync();
        var first = await world.RuntimeAsync();
        var start = world.Start("r1", NomadWorld.Command("sleep 600"));
        var running = await first.StartAsync(start, Token);
        await first.NoteSleepAsync("r1", 2, hostBase: 5, Token);

        var next = await world.RuntimeAsync();
        var left = Assert.Single(await next.TakeOverAsync(Token));

        Assert.Equal(running, left.Running);
        Assert.Equal([world.Gpus[0].Id], left.Gpus);
        Assert.Equal((1, 20 * Make.GiB, 2, 5L), (left.Revision, left.MemoryBytes, left.SleepLevel, left.HostBase));
        Assert.Equal(next.SettingsOf(start.Model, start.Gpus, start.MemoryBytes), left.Settings);
        Assert.NotEqual(next.SettingsOf(NomadWorld.Command("sleep 601"), start.Gpus, start.MemoryBytes), left.Settings);
        Assert.Equal([running], next.List());
        await next.StopAsync("r1", Token);
        Assert.Empty(await world.JobsAsync());
    }

    [Fact]
    public async Task WhatDoesNotRun_IsToldWithItsDefect_AndForeignJobsAreNot()
    {
        await using var world = await NomadWorld.StartAsync();
        var first = await world.RuntimeAsync();
        await first.StartAsync(world.Start("dead", NomadWorld.Command("exit 1")), Token);
        await first.StartAsync(world.Start("lives", NomadWorld.Command("sleep 600")), Token);
        await RegisterForeignAsync(world, "foreign");
        while ((await world.Client.JobAllocationsAsync(world.JobOf("dead"), 0, Token)).Value.Exists(allocation => !allocation.IsOver))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
        }

        var next = await world.RuntimeAsync();
        var left = await next.TakeOverAsync(Token);
        Assert.Equal([("dead", "nothing of it runs"), ("lives", null)], left.Select(found => (found.Running.Replica, found.Defect)).Order());
        Assert.Equal(["lives"], next.List().Select(running => running.Replica));
        await next.StopAsync("dead", Token);
        Assert.Equal([world.JobOf("foreign"), world.JobOf("lives")], (await world.JobsAsync()).Order(StringComparer.Ordinal));
        await next.StopAsync("lives", Token);
    }

    [Fact]
    public async Task ReplicaThatAnotherStartsLate_IsSeen()
    {
        await using var world = await NomadWorld.StartAsync();
        var other = await world.RuntimeAsync();
        var leader = await world.RuntimeAsync();
        Assert.Empty(await leader.TakeOverAsync(Token));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var exits = leader.WatchExitsAsync(limit.Token).GetAsyncEnumerator(limit.Token);
        var exit = exits.MoveNextAsync();
        var late = await other.StartAsync(world.Start("late", NomadWorld.Command("sleep 600")), Token);
        while (leader.List().Count == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }

        Assert.Equal([late], leader.List());
        await leader.StopAsync("late", Token);
        Assert.Empty(leader.List());
        Assert.Empty(await world.JobsAsync());
        await limit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await exit);
    }

    [Fact]
    public async Task SameReplica_IsNotStartedTwice()
    {
        await using var world = await NomadWorld.StartAsync();
        var first = await world.RuntimeAsync();
        var running = await first.StartAsync(world.Start("r1", NomadWorld.Command("sleep 600")), Token);
        var other = await world.RuntimeAsync();
        var exception = await Assert.ThrowsAsync<ReplicaStartException>(
            async () => await other.StartAsync(world.Start("r1", NomadWorld.Command("sleep 601")), Token));
        Assert.Contains("job already exists", exception.Message, StringComparison.Ordinal);
        Assert.Equal([running], first.List());
        await first.StopAsync("r1", Token);
    }

    [Fact]
    public async Task SchedulerThatBegins_WhileANodeSaysNothing_KnowsItsGpus()
    {
        await using var world = await NomadWorld.StartAsync();
        await world.RuntimeAsync();
        var known = world.Gpus;
        await world.SilenceAsync();
        await world.RuntimeAsync();
        Assert.Equal(known, world.Gpus);
    }

    private static async Task RegisterForeignAsync(NomadWorld world, string name)
    {
        var job = await world.Client.ParseAsync(
            "job \"x\" {\n group \"g\" {\n task \"t\" {\n driver = \"raw_exec\"\n config {\n command = \"/bin/sleep\"\n args = [\"600\"]\n }\n }\n }\n}\n", "", Token);
        job["ID"] = world.JobOf(name);
        job["Name"] = world.JobOf(name);
        await world.Client.RegisterAsync(job, 0, Token);
    }
}
