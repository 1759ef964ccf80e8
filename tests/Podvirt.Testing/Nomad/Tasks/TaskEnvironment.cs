using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Testing.Nomad.Scheduling;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Tasks;

/// <summary>The variables that a client gives to a task, and <c>${…}</c> filled by them and by its node.</summary>
internal sealed partial class TaskEnvironment
{
    private readonly Dictionary<string, string> _values = [];
    private readonly NodeRecord _node;

    public TaskEnvironment(AllocationRun run, TaskRun task)
    {
        var allocation = run.Allocation;
        _node = allocation.Node;
        var shared = Path.Combine(run.Folder.FullName, "alloc");
        TaskFolder = Path.Combine(run.Folder.FullName, task.Name);
        Folders = [Path.Combine(shared, "logs"), Path.Combine(shared, "data"), Path.Combine(TaskFolder, "local"), Path.Combine(TaskFolder, "secrets")];
        Set("NOMAD_ALLOC_DIR", shared);
        Set("NOMAD_TASK_DIR", Folders[2]);
        Set("NOMAD_SECRETS_DIR", Folders[3]);
        Set("NOMAD_ALLOC_ID", allocation.Id);
        Set("NOMAD_SHORT_ALLOC_ID", allocation.Id[..8]);
        Set("NOMAD_ALLOC_NAME", allocation.Name);
        Set("NOMAD_ALLOC_INDEX", $"{allocation.Number}");
        Set("NOMAD_JOB_ID", allocation.Job.Id);
        Set("NOMAD_JOB_NAME", Json.Text(allocation.Spec["Name"]));
        Set("NOMAD_GROUP_NAME", allocation.Group);
        Set("NOMAD_TASK_NAME", task.Name);
        Set("NOMAD_NAMESPACE", allocation.Job.Namespace);
        Set("NOMAD_REGION", "global");
        Set("NOMAD_DC", _node.Node.Datacenter);
        Set("NOMAD_CPU_LIMIT", $"{Json.Number(task.Spec["Resources"]?["CPU"])}");
        Set("NOMAD_MEMORY_LIMIT", $"{Json.Number(task.Spec["Resources"]?["MemoryMB"])}");
        foreach (var (label, port) in allocation.Offer.Ports)
        {
            // A container would see its own port; what runs here listens on the host's.
            Set($"NOMAD_PORT_{label}", $"{port.Value}");
            Set($"NOMAD_HOST_PORT_{label}", $"{port.Value}");
            Set($"NOMAD_IP_{label}", _node.Node.HostIp);
            Set($"NOMAD_HOST_IP_{label}", _node.Node.HostIp);
            Set($"NOMAD_ADDR_{label}", $"{_node.Node.HostIp}:{port.Value}");
            Set($"NOMAD_HOST_ADDR_{label}", $"{_node.Node.HostIp}:{port.Value}");
        }
        foreach (var (key, value) in Metas(allocation, task))
        {
            Set($"NOMAD_META_{key}", value);
            Set($"NOMAD_META_{key.ToUpperInvariant()}", value);
        }
        if (allocation.Offer.Devices.GetValueOrDefault(task.Name, []) is { Count: > 0 } devices)
        {
            Set("NVIDIA_VISIBLE_DEVICES", string.Join(',', devices.SelectMany(static d => d.Ids)));
        }
    }

    public string TaskFolder { get; }

    public IReadOnlyList<string> Folders { get; }

    public IReadOnlyDictionary<string, string> Values => _values;

    public void Set(string name, string value) => _values[name] = value;

    /// <summary>What nothing is known of stays as it is.</summary>
    public string Fill(string text) => Reference().Replace(text, match =>
    {
        var name = match.Groups["name"].Value;
        return Value(name.StartsWith("env[", StringComparison.Ordinal) ? name[4..^1].Trim('"') : name) ?? match.Value;
    });

    /// <summary>Of the task, else of its node; null: neither knows it.</summary>
    public string? Value(string name) => _values.GetValueOrDefault(name) ?? Constraints.Value(_node, name);

    private static IEnumerable<(string Key, string Value)> Metas(AllocationRecord allocation, TaskRun task) =>
        new[] { allocation.Spec["Meta"], allocation.GroupSpec?["Meta"], task.Spec["Meta"] }
            .OfType<JsonObject>().SelectMany(static m => m).Select(static e => (e.Key, Json.Text(e.Value)));

    [GeneratedRegex(@"\$\{(?<name>[^}]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reference();
}
