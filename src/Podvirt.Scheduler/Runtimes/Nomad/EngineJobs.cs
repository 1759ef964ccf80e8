using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>Writes the job of a replica: the job file, filled with what only the scheduler knows.</summary>
internal sealed class EngineJobs(SchedulerOptions options, EngineCommandBuilder commands, NomadClient client)
{
    /// <summary>The task, and the label of its port, in every job file.</summary>
    public const string Task = "engine";

    private const long MiB = 1L << 20;

    /// <summary>Nomad puts the allocation's own in the place of these.</summary>
    private static readonly EngineListen Listen = new("${NOMAD_IP_engine}", "${NOMAD_PORT_engine}");

    /// <summary>Hands on to CUDA what Nomad's device plugin chose, which a container's runtime does by itself.</summary>
    private static readonly string[] ClaimedDevices = ["-c", "CUDA_VISIBLE_DEVICES=\"$NVIDIA_VISIBLE_DEVICES\" exec \"$0\" \"$@\""];

    private readonly NomadOptions _nomad = options.Nomad!;
    private readonly JobFile _file = new(options.Nomad!);

    private bool IsExclusive => _nomad.Placement == NomadPlacement.Exclusive;

    public string IdOf(string replica) => $"{_nomad.JobPrefix}-{replica}";

    /// <param name="node">Nomad's id of the node that Podvirt chose; null: Nomad chooses.</param>
    /// <param name="nonce">Of this start alone.</param>
    public async Task<JsonObject> BuildAsync(ReplicaStart start, string? node, string apiKey, string nonce, CancellationToken cancellationToken)
    {
        var model = start.Model;
        var command = commands.Build(model, start.Gpus, start.MemoryBytes, Listen, apiKey);
        var job = await client.ParseAsync(_file.Text, _file.Assign(Variables(model, command)), cancellationToken);
        var meta = new JobMeta(
            start.Replica, model.Id, model.Revision, nonce, SettingsOf(model, start.Gpus, start.MemoryBytes),
            IsExclusive ? [] : [.. start.Gpus.Select(gpu => gpu.Id)], start.MemoryBytes);
        job["ID"] = IdOf(start.Replica);
        job["Name"] = IdOf(start.Replica);
        job["Namespace"] = _nomad.Namespace;
        job["Region"] = _nomad.Region;
        job["Meta"] = Merge(job["Meta"], meta.ToJson());
        if (node is not null)
        {
            Add(job, "Constraints", new JsonObject { ["LTarget"] = "${node.unique.id}", ["Operand"] = "=", ["RTarget"] = node });
        }

        var task = TaskOf(job);
        SetCommand(task, command.Arguments, start.Gpus.Count > 0);
        var environment = command.Environment;
        if (_nomad.EngineKey == NomadEngineKey.Variable)
        {
            Add(task, "Templates", EngineKeys.Template(IdOf(start.Replica), environment.Where(entry => entry.Value == apiKey).Select(entry => entry.Key)));
            environment = environment.Where(entry => entry.Value != apiKey).ToDictionary(StringComparer.Ordinal);
        }

        task["Env"] = Merge(task["Env"], Environment(environment, start));
        if (IsExclusive && start.Gpus.Count > 0)
        {
            Add((JsonObject)task["Resources"]!, "Devices", Claim(model, start.Gpus));
        }

        return job;
    }

    /// <summary>A digest of all that an engine is started with, apart from what is its own. Stable between runs.</summary>
    public string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes)
    {
        // Which ones Nomad hands out is its own affair; they are all of one kind.
        var same = IsExclusive ? [.. gpus.Select(gpu => gpu with { Id = "", Index = 0 })] : gpus;
        var text = $"{commands.SettingsOf(model, same, memoryBytes)}\0{_nomad.Driver}\0{_nomad.Image}\0{_nomad.Placement}\0{_nomad.EngineKey}\0{_file.Text}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    public static JsonObject GroupOf(JsonObject job) => job["TaskGroups"] is JsonArray { Count: > 0 } groups && groups[0] is JsonObject group
        ? group
        : throw new NomadException(NomadFailure.Refused, "The job file has no group.");

    public static IEnumerable<JsonObject> Tasks(JsonObject job) => GroupOf(job)["Tasks"] is JsonArray tasks ? tasks.OfType<JsonObject>() : [];

    private static JsonObject TaskOf(JsonObject job) => Tasks(job).FirstOrDefault(task => (string?)task["Name"] == Task)
        ?? throw new NomadException(NomadFailure.Refused, $"The job file has no task '{Task}'.");

    private IEnumerable<(string Name, object Value)> Variables(ModelSpec model, EngineCommand command) =>
    [
        ("datacenters", _nomad.Datacenters),
        ("node_pool", _nomad.NodePool),
        ("image", _nomad.Image),
        ("command", command.Arguments[0]),
        ("model", model.Id),
        ("cpu", _nomad.CpuMhz),
        ("memory", MemoryMiB(model)),
        ("kill_timeout", string.Create(CultureInfo.InvariantCulture, $"{(long)options.StopGrace.TotalMilliseconds}ms")),
    ];

    /// <summary>Asleep at level 1 an engine holds its weights, which are no more than its gpu memory, in its node's.</summary>
    private long MemoryMiB(ModelSpec model)
    {
        var weights = EngineTraits.CanSleep(model) && model.Engine.Kind != EngineKind.Simulated ? model.Gpu.Count * model.Gpu.MemoryBytes : 0;
        return (_nomad.EngineMemoryBytes + weights) / MiB;
    }

    private void SetCommand(JsonObject task, IReadOnlyList<string> arguments, bool hasGpus)
    {
        var config = task["Config"] as JsonObject ?? [];
        task["Config"] = config;
        if (_nomad.Driver == NomadDriver.Docker)
        {
            config["entrypoint"] = new JsonArray(arguments[0]);
            config["args"] = ToArray(arguments.Skip(1));
        }
        else if (IsExclusive && hasGpus)
        {
            config["command"] = "/bin/sh";
            config["args"] = ToArray([.. ClaimedDevices, .. arguments]);
        }
        else
        {
            config["command"] = arguments[0];
            config["args"] = ToArray(arguments.Skip(1));
        }
    }

    private JsonObject Environment(IReadOnlyDictionary<string, string> engine, ReplicaStart start)
    {
        var environment = new JsonObject();
        foreach (var (name, value) in engine)
        {
            environment[name] = value;
        }

        environment[NodeProcesses.ReplicaVariable] = start.Replica;
        if (start.Gpus.Count == 0)
        {
            return environment;
        }

        if (IsExclusive)
        {
            environment.Remove("CUDA_VISIBLE_DEVICES");
        }
        else if (_nomad.Driver == NomadDriver.Docker && !start.Gpus[0].Simulated)
        {
            // The container has no other devices, and counts those from zero.
            environment["NVIDIA_VISIBLE_DEVICES"] = string.Join(',', start.Gpus.Select(gpu => gpu.Id));
            environment.Remove("CUDA_VISIBLE_DEVICES");
        }
        else if (!start.Gpus[0].Simulated)
        {
            // Several vLLM releases take no ids here (vllm#13815); the order of indices is set beside them.
            environment["CUDA_VISIBLE_DEVICES"] = string.Join(',', start.Gpus.Select(gpu => gpu.Index));
        }

        return environment;
    }

    private static JsonObject Claim(ModelSpec model, IReadOnlyList<GpuDevice> gpus) => new()
    {
        ["Name"] = "nvidia/gpu",
        ["Count"] = gpus.Count,
        ["Constraints"] = new JsonArray(
            new JsonObject
            {
                ["LTarget"] = "${device.attr.memory}",
                ["Operand"] = ">=",
                ["RTarget"] = $"{model.Gpu.MemoryBytes / MiB} MiB",
            },
            new JsonObject { ["LTarget"] = "${device.model}", ["Operand"] = "=", ["RTarget"] = gpus[0].Type }),
    };

    private static JsonObject Merge(JsonNode? into, JsonObject from)
    {
        var merged = into is JsonObject first ? (JsonObject)first.DeepClone() : [];
        foreach (var (name, value) in from)
        {
            merged[name] = value?.DeepClone();
        }

        return merged;
    }

    private static void Add(JsonObject into, string list, JsonObject item)
    {
        if (into[list] is JsonArray items)
        {
            items.Add(item);
        }
        else
        {
            into[list] = new JsonArray(item);
        }
    }

    private static JsonArray ToArray(IEnumerable<string> items) => [.. items.Select(item => (JsonNode)item)];
}
