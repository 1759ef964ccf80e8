using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>Tasks are real processes: environment, ports, logs, ends.</summary>
public sealed class TaskTests
{
    [Fact]
    public async Task JobRegistered_ItsProcessRunsWithPortAndEnvironmentAndLogs()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);

        await calls.RegisterAsync(Jobs.Shell(
            "a", "echo port=${NOMAD_PORT_http} node=${node.unique.id} env=$GREETING pid=$$; echo oops >&2; exec sleep 600",
            group: "network {\n port \"http\" {}\n }", task: "env {\n GREETING = \"hello ${NOMAD_ALLOC_INDEX}\"\n }"));
        var allocation = await calls.AllocationAsync("a", "running");

        var id = allocation["ID"]!.GetValue<string>();
        var port = allocation["AllocatedResources"]!["Shared"]!["Ports"]![0]!;
        var output = await calls.LogAsync(id, "stdout", "pid=");
        Assert.Equal("http", port["Label"]!.GetValue<string>());
        Assert.InRange(port["Value"]!.GetValue<int>(), 20_000, 32_000);
        Assert.Contains($"port={port["Value"]} node={allocation["NodeID"]} env=hello 0 ", output, StringComparison.Ordinal);
        Assert.Equal("ops\n", (await calls.SendAsync(HttpMethod.Get, $"/v1/client/fs/logs/{id}?task=main&type=stderr&origin=end&offset=4&plain=true")).Text);
        Assert.Equal(
            ["Received", "Task Setup", "Started"],
            allocation["TaskStates"]!["main"]!["Events"]!.AsArray().Select(static e => e!["Type"]!.GetValue<string>()));
    }

    [Fact]
    public async Task JobStopped_ItsWholeProcessGroupEnds()
    {
        await using var nomad = await NomadDouble.StartAsync();
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Jobs.Shell("a", "trap '' TERM; sleep 600 & echo pids $! $$; wait; sleep 600"));
        var id = (await calls.AllocationAsync("a", "running"))["ID"]!.GetValue<string>();
        var pids = (await calls.LogAsync(id, "stdout", "pids ")).Split(' ', StringSplitOptions.TrimEntries).Skip(1).Select(int.Parse).ToArray();
        Assert.All(pids, static p => Assert.True(Directory.Exists($"/proc/{p}")));

        await calls.SendAsync(HttpMethod.Delete, "/v1/job/a");
        var ended = await calls.AllocationAsync("a", "complete");

        Assert.All(pids, static p => Assert.True(IsGone(p), $"{p} lives on"));
        Assert.Equal("dead", ended["TaskStates"]!["main"]!["State"]!.GetValue<string>());
        Assert.Equal(
            ["Killing", "Terminated", "Killed"],
            ended["TaskStates"]!["main"]!["Events"]!.AsArray().Select(static e => e!["Type"]!.GetValue<string>()).TakeLast(3));
    }

    /// <summary>Also what has ended but nobody has asked about yet.</summary>
    internal static bool IsGone(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Split(')')[^1].TrimStart()[0] == 'Z';
        }
        catch (IOException)
        {
            return true;
        }
    }
}
