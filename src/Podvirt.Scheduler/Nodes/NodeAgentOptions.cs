using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Nodes;

/// <summary>What a node agent watches.</summary>
public sealed class NodeAgentOptions
{
    /// <summary>The machine's id in Nomad, which a job hands on as <c>${node.unique.id}</c>.</summary>
    public string NodeId { get; set; } = "";

    /// <summary>The machine's name, for people. Default: what the machine calls itself.</summary>
    public string NodeName { get; set; } = Environment.MachineName;

    /// <summary>Simulated gpus of this machine; null: the real ones, by <c>nvidia-smi</c>.</summary>
    public IReadOnlyList<GpuDevice>? SimulatedGpus { get; set; }

    /// <summary>Their account: an absolute folder, the one that engines are told. Needed with <see cref="SimulatedGpus"/>.</summary>
    public string? SimulatedGpuDirectory { get; set; }

    /// <summary>How often a report is made unasked. Default 1 s.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>What is wrong, each with its key; empty where nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (NodeId.Length == 0)
        {
            problems.Add("node.id: is empty; a Nomad job sets it to ${node.unique.id}");
        }

        if (NodeName.Length == 0)
        {
            problems.Add("node.name: is empty");
        }

        if (SimulatedGpus is not null && (SimulatedGpuDirectory is null || !Path.IsPathFullyQualified(SimulatedGpuDirectory)))
        {
            problems.Add("node.simulated_gpus: simulated gpus need an absolute folder for their account");
        }

        if (Interval <= TimeSpan.Zero)
        {
            problems.Add("node.interval: has to be above 0");
        }

        return problems;
    }
}
