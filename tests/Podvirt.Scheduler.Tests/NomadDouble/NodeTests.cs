using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>Nodes that are lost, come back or are drained; jobs on every node.</summary>
public sealed class NodeTests
{
    private static readonly NomadDoubleOptions s_two = new() { Nodes = [new("node-1"), new("node-2")] };

    [Fact]
    public async Task NodeLost_ItsAllocationIsLostAndAnotherNodeTakesItsPlace()
    {
        await using var nomad = await NomadDouble.StartAsync(s_two);
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        var first = await calls.AllocationAsync("a", "running");
        var node = first["NodeName"]!.GetValue<string>();

        await nomad.LoseNodeAsync(node);
        var lost = await calls.AllocationAsync("a", "lost");
        var second = await calls.AllocationAsync("a", "running");

        Assert.Equal(first["ID"]!.GetValue<string>(), lost["ID"]!.GetValue<string>());
        Assert.Equal(("stop", "alloc is lost since its node is down"), (lost["DesiredStatus"]!.GetValue<string>(), lost["DesiredDescription"]!.GetValue<string>()));
        Assert.Equal(second["ID"]!.GetValue<string>(), lost["NextAllocation"]!.GetValue<string>());
        Assert.NotEqual(node, second["NodeName"]!.GetValue<string>());
        Assert.Equal("down", (await calls.GetAsync($"/v1/node/{first["NodeID"]}"))["Status"]!.GetValue<string>());
        Assert.Equal("No path to node", (await calls.SendAsync(HttpMethod.Get, $"/v1/client/fs/logs/{first["ID"]}?task=main&type=stderr&plain=true")).Text);
    }

    [Fact]
    public async Task LostNodeReturns_WhatWasGivenUpEndsThere()
    {
        await using var nomad = await NomadDouble.StartAsync(s_two);
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", "echo $$; exec sleep 600"));
        var first = await calls.AllocationAsync("a", "running");
        var pid = int.Parse(await calls.LogAsync(first["ID"]!.GetValue<string>(), "stdout", ""));
        await nomad.LoseNodeAsync(first["NodeName"]!.GetValue<string>());
        await calls.AllocationAsync("a", "lost");
        Assert.True(Directory.Exists($"/proc/{pid}"), "A node that is out of reach runs on.");

        nomad.ReturnNode(first["NodeName"]!.GetValue<string>());

        Assert.True(SpinWait.SpinUntil(() => TaskTests.IsGone(pid), TimeSpan.FromSeconds(30)), $"{pid} lives on");
        await calls.UntilAsync("/v1/nodes", static l => l.AsArray().All(static n => n!["Status"]!.GetValue<string>() == "ready"));
    }

    [Fact]
    public async Task DisconnectAllowed_StaysUnknownAndRunsOnWhenItsNodeReturns()
    {
        await using var nomad = await NomadDouble.StartAsync(s_two);
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep, group: "disconnect {\n lost_after = \"1h\"\n replace = false\n }"));
        var first = await calls.AllocationAsync("a", "running");

        await nomad.LoseNodeAsync(first["NodeName"]!.GetValue<string>());
        var unknown = await calls.AllocationAsync("a", "unknown");
        nomad.ReturnNode(first["NodeName"]!.GetValue<string>());
        var again = await calls.AllocationAsync("a", "running");

        Assert.Equal("run", unknown["DesiredStatus"]!.GetValue<string>());
        Assert.Equal(first["ID"]!.GetValue<string>(), again["ID"]!.GetValue<string>());
        Assert.Single((await calls.AllocationsAsync("a")).AsArray());
    }

    [Fact]
    public async Task DisconnectedForTooLong_IsLost()
    {
        await using var nomad = await NomadDouble.StartAsync(s_two);
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep, group: "disconnect {\n lost_after = \"100ms\"\n replace = false\n }"));
        var first = await calls.AllocationAsync("a", "running");

        await nomad.LoseNodeAsync(first["NodeName"]!.GetValue<string>());
        // Both are listed as running for a moment: the first one, and the one in its stead.
        await calls.UntilAsync("/v1/job/a/allocations", static l => l.AsArray().Any(static a => a!["ClientStatus"]!.GetValue<string>() == "lost"));
        var second = await calls.AllocationAsync("a", "running");

        Assert.NotEqual(first["ID"]!.GetValue<string>(), second["ID"]!.GetValue<string>());
        Assert.Equal("lost", (await calls.GetAsync($"/v1/allocation/{first["ID"]}"))["ClientStatus"]!.GetValue<string>());
    }

    [Fact]
    public async Task NodeDrained_MovesServicesAndKeepsSystemJobs()
    {
        await using var nomad = await NomadDouble.StartAsync(s_two);
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("sys", Jobs.Sleep, job: "type = \"system\""));
        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep));
        var first = await calls.AllocationAsync("a", "running");
        var everywhere = await calls.UntilAsync("/v1/job/sys/allocations", static l => l.AsArray().Count(static a => a!["ClientStatus"]!.GetValue<string>() == "running") == 2);

        nomad.DrainNode(first["NodeName"]!.GetValue<string>());
        var moved = await calls.AllocationAsync("a", "complete");
        var second = await calls.AllocationAsync("a", "running");

        Assert.Equal("alloc is being migrated", moved["DesiredDescription"]!.GetValue<string>());
        Assert.NotEqual(first["NodeID"]!.GetValue<string>(), second["NodeID"]!.GetValue<string>());
        Assert.Equal(["node-1", "node-2"], everywhere.AsArray().Select(static a => a!["NodeName"]!.GetValue<string>()).Order());
        Assert.All((await calls.AllocationsAsync("sys")).AsArray(), static a => Assert.Equal("run", a!["DesiredStatus"]!.GetValue<string>()));
    }
}
