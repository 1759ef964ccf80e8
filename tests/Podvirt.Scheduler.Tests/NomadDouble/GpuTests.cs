using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>Devices, their exhaustion, and constraints.</summary>
public sealed class GpuTests
{
    private const string Memory = "${device.attr.memory}";
    private readonly NomadDoubleGpus _big = new("NVIDIA H100 80GB HBM3", 81_559, "GPU-a", "GPU-b");
    private readonly NomadDoubleGpus _small = new("NVIDIA A10", 23_028, "GPU-c");

    [Fact]
    public async Task GpusTaken_BlocksAsExhaustedAndStartsWhenTheyAreFree()
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { Nodes = [new("gpu-1", _big, _small)] });
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Gpu("first", "nvidia/gpu", 2, "40 GiB"));
        var first = await calls.AllocationAsync("first", "running");

        var evaluation = await calls.EvaluatedAsync(await calls.RegisterAsync(Gpu("second", "nvidia/gpu", 1, "40 GiB")));
        var failed = evaluation["FailedTGAllocs"]!["main"]!;
        var blocked = await calls.GetAsync($"/v1/evaluation/{evaluation["BlockedEval"]}");
        await calls.SendAsync(HttpMethod.Delete, "/v1/job/first");
        var second = await calls.AllocationAsync("second", "running");

        Assert.Equal(["GPU-a", "GPU-b"], Ids(first));
        Assert.Equal("complete", evaluation["Status"]!.GetValue<string>());
        Assert.Equal(1, evaluation["QueuedAllocations"]!["main"]!.GetValue<int>());
        Assert.Equal(1, failed["NodesExhausted"]!.GetValue<int>());
        Assert.Equal(1, failed["DimensionExhausted"]!["devices: no devices match request"]!.GetValue<int>());
        Assert.Null(failed["ConstraintFiltered"]);
        Assert.Equal("blocked", blocked["Status"]!.GetValue<string>());
        Assert.Equal(["GPU-a"], Ids(second));
        Assert.Equal("complete", (await calls.GetAsync($"/v1/evaluation/{blocked["ID"]}"))["Status"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("nvidia/gpu", 3, "1 GiB")]
    [InlineData("nvidia/gpu", 1, "100 GiB")]
    [InlineData("amd/gpu", 1, "1 GiB")]
    [InlineData("nvidia/gpu/NVIDIA A10", 2, "1 GiB")]
    public async Task NoNodeCouldEver_FiltersAsMissingDevices(string name, int count, string memory)
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { Nodes = [new("gpu-1", _big, _small), new("cpu-1")] });
        using var calls = new NomadCalls(nomad);

        var evaluation = await calls.EvaluatedAsync(await calls.RegisterAsync(Gpu("a", name, count, memory)));

        var failed = evaluation["FailedTGAllocs"]!["main"]!;
        Assert.Equal(2, failed["NodesFiltered"]!.GetValue<int>());
        Assert.Equal(0, failed["NodesExhausted"]!.GetValue<int>());
        Assert.Equal(2, failed["ConstraintFiltered"]!["missing devices"]!.GetValue<int>());
        Assert.Null(failed["DimensionExhausted"]);
    }

    [Fact]
    public async Task NodesThatLookAlike_AreJudgedByTheFirst()
    {
        var nodes = Enumerable.Range(1, 3).Select(static i => new NomadDoubleNode($"gpu-{i}", NomadDoubleGpus.Of(i, "NVIDIA A10", 23_028))).ToArray();
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { Nodes = nodes });
        using var calls = new NomadCalls(nomad);

        var none = await calls.EvaluatedAsync(await calls.RegisterAsync(Gpu("a", "amd/gpu", 1, "1 GiB")));
        var two = await calls.EvaluatedAsync(await calls.RegisterAsync(Gpu("b", "nvidia/gpu", 2, "1 GiB")));

        Assert.Equal("""{"missing devices":1,"computed class ineligible":2}""", none["FailedTGAllocs"]!["main"]!["ConstraintFiltered"]!.ToJsonString());
        // Nomad's class of a node leaves out how many devices it has: two nodes that would do are never looked at.
        Assert.Equal(3, two["FailedTGAllocs"]!["main"]!["NodesFiltered"]!.GetValue<int>());
    }

    [Fact]
    public async Task StoppingTask_HoldsItsGpuUntilItsClientSaysThatItEnded()
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { Nodes = [new("gpu-1", _small)] });
        using var calls = new NomadCalls(nomad);
        await calls.RegisterAsync(Gpu("first", "nvidia/gpu", 1, "1 GiB", "trap '' TERM; echo deaf; while :; do sleep 0.05; done"));
        var first = await calls.AllocationAsync("first", "running");
        // A shell that runs may still hear the signal.
        await calls.LogAsync(first["ID"]!.GetValue<string>(), "stdout", "deaf");

        await calls.SendAsync(HttpMethod.Delete, "/v1/job/first");
        var evaluation = await calls.EvaluatedAsync(await calls.RegisterAsync(Gpu("second", "nvidia/gpu", 1, "1 GiB")));
        await calls.AllocationAsync("second", "running");

        Assert.Equal("dead", (await calls.GetAsync("/v1/job/first"))["Status"]!.GetValue<string>());
        Assert.NotNull(evaluation["FailedTGAllocs"]);
        Assert.Equal("complete", (await calls.AllocationsAsync("first"))[0]!["ClientStatus"]!.GetValue<string>());
    }

    [Fact]
    public async Task NodeConstraint_ChoosesTheNodeAndNamesItselfWhenNoneFits()
    {
        var nodes = new NomadDoubleNode[] { new("gpu-1", _big), new("gpu-2", _small) { NodePool = "shared" }, new("gpu-3", NomadDoubleGpus.Of(1, "x", 1)) };
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { Nodes = nodes });
        using var calls = new NomadCalls(nomad);

        await calls.RegisterAsync(Jobs.Shell("a", Jobs.Sleep, group: Constraint(nodes[2].Id)));
        await calls.RegisterAsync(Jobs.Shell("b", Jobs.Sleep, group: Constraint(nodes[1].Id), job: "node_pool = \"shared\""));
        var evaluation = await calls.EvaluatedAsync(await calls.RegisterAsync(Jobs.Shell("c", Jobs.Sleep, group: Constraint(nodes[1].Id))));

        Assert.Equal("gpu-3", (await calls.AllocationAsync("a", "running"))["NodeName"]!.GetValue<string>());
        Assert.Equal("gpu-2", (await calls.AllocationAsync("b", "running"))["NodeName"]!.GetValue<string>());
        Assert.Equal(2, evaluation["FailedTGAllocs"]!["main"]!["ConstraintFiltered"]![$"${{node.unique.id}} = {nodes[1].Id}"]!.GetValue<int>());
    }

    [Fact]
    public async Task Nodes_ShowDevicesWithTheirMemory()
    {
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions { Nodes = [new("gpu-1", _small)] });
        using var calls = new NomadCalls(nomad);
        nomad.SetGpuMemory("GPU-c", 1234);

        var list = await calls.GetAsync("/v1/nodes?resources=true");
        var stats = await calls.GetAsync($"/v1/client/stats?node_id={list[0]!["ID"]}");

        var devices = list[0]!["NodeResources"]!["Devices"]![0]!;
        Assert.Equal("""{"memory":{"Int":23028,"Unit":"MiB"}}""", devices["Attributes"]!.ToJsonString());
        Assert.Equal("GPU-c", devices["Instances"]![0]!["ID"]!.GetValue<string>());
        Assert.Null((await calls.GetAsync("/v1/nodes"))[0]!["NodeResources"]);
        Assert.Equal(1234, stats["DeviceStats"]![0]!["InstanceStats"]!["GPU-c"]!["Summary"]!["IntNumeratorVal"]!.GetValue<int>());
    }

    private static string Constraint(string node) => $"constraint {{\n attribute = \"${{node.unique.id}}\"\n value = \"{node}\"\n }}";

    private static string[] Ids(JsonNode allocation) =>
        [.. allocation["AllocatedResources"]!["Tasks"]!["main"]!["Devices"]![0]!["DeviceIDs"]!.AsArray().Select(static i => i!.GetValue<string>())];

    private static JsonObject Gpu(string id, string name, int count, string memory, string script = Jobs.Sleep) => Jobs.Shell(id, script, task: $$"""
        resources {
          device "{{name}}" {
            count = {{count}}
            constraint {
              attribute = "{{Memory}}"
              operator  = ">="
              value     = "{{memory}}"
            }
          }
        }
        """);
}
