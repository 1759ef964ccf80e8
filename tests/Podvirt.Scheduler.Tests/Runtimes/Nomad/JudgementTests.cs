using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

public sealed class JudgementTests
{
    [Theory]
    [InlineData("pending", "run")]
    [InlineData("running", "run")]
    [InlineData("unknown", "run")]
    public void AllocationThatMayServe_HasNoEnding(string client, string desired) => Assert.Null(Judgement.Ending(Make(client, desired)));

    [Theory]
    [InlineData("lost", "run", "lost on n1: its node is down or out of reach")]
    [InlineData("running", "stop", "Nomad stops it on n1: alloc not needed")]
    [InlineData("running", "evict", "Nomad stops it on n1: alloc not needed")]
    [InlineData("failed", "run", "failed on n1: Exit Code: 137, Signal: 9")]
    [InlineData("complete", "stop", "complete on n1: Exit Code: 137, Signal: 9")]
    public void AllocationThatEnds_SaysWhy(string client, string desired, string ending) => Assert.Equal(ending, Judgement.Ending(Make(client, desired)));

    [Fact]
    public void DrainedNode_IsTold() => Assert.Equal(
        "its node is drained on n1", Judgement.Ending(Make("running", "run") with { DesiredTransition = new DesiredTransition(Migrate: true) }));

    [Fact]
    public void Address_IsThePortsOwn() => Assert.Equal("http://10.0.0.5:23456", Judgement.Address(Make("pending", "run") with
    {
        AllocatedResources = new AllocatedResources(null, new AllocatedShared([new AllocatedPort("other", 1, 0, "10.0.0.5"), new AllocatedPort("engine", 23456, 0, "10.0.0.5")])),
    }));

    [Fact]
    public void Address_OfOlderAgents_IsTheNetworks() => Assert.Equal("http://[fd00::5]:23456", Judgement.Address(Make("pending", "run") with
    {
        AllocatedResources = new AllocatedResources(null, new AllocatedShared(null, [new AllocatedNetwork("fd00::5", [new AllocatedPort("engine", 23456)])])),
    }));

    private static Allocation Make(string client, string desired) => new(
        "a1", "podvirt-r1", "id1", "n1", desired, desired == "run" ? null : "alloc not needed", client, TaskStates: new Dictionary<string, TaskState>
        {
            ["engine"] = new("dead", true, 0, [new TaskEvent("Terminated", 3, "Exit Code: 137, Signal: 9"), new TaskEvent("Started", 2, "Task started"), new TaskEvent("Not Restarting", 4, "policy")]),
        });
}
