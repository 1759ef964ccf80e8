using Podvirt.Core.Gpus;

namespace Podvirt.Configuration;

/// <summary><c>gpus</c>: <c>auto</c>, a list, or simulated ones.</summary>
internal static class GpuReader
{
    /// <summary>The machine that one process runs on.</summary>
    private const string LocalNode = "local";

    private const string Example = "gpus: auto, a list of { id, index, type, memory }, or gpus: { simulated: { count: 2, type: H100, memory: 80GiB } }";
    private const string ItemExample = "{ id: GPU-…, index: 0, type: H100, memory: 80GiB }";
    private const long MemoryMin = 1L << 20;
    private const long MemoryMax = 1L << 50;

    public static GpuSource Read(MapReader top, ConfigFindings findings)
    {
        switch (top.Take("gpus"))
        {
            case null or YamlText { Value: "auto" }:
                return GpuSource.Auto;
            case YamlList list:
                return new GpuSource(ReadList(list, top.KeyPath("gpus"), findings));
            case YamlMap:
                return ReadSimulated(top.TakeMap("gpus", Example)!);
            case var other:
                top.Error("gpus", $"{other.Kind} is not allowed", $"write {Example}");
                return GpuSource.Auto;
        }
    }

    private static List<GpuDevice> ReadList(YamlList list, string path, ConfigFindings findings)
    {
        var devices = new List<GpuDevice>();
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (MapReader.Open(list.Items[i], $"{path}[{i}]", findings, ItemExample) is not { } map)
            {
                continue;
            }
            var id = map.TakeRequiredText("id", "write the device's UUID as nvidia-smi -L shows it, GPU-…");
            var index = map.TakeWhole("index", i, 0, 1023);
            var type = map.TakeRequiredText("type", "write the device's marketing name, such as H100");
            var memory = map.TakeMemory("memory", MemoryMin, MemoryMax);
            if (!map.Has("memory"))
            {
                map.Error("memory", "is missing", "write all of the device's memory, such as 80GiB");
            }
            map.Close();
            if (id.Length > 0 && devices.Exists(d => d.Id == id))
            {
                map.Error("id", $"'{id}' is listed twice", "list each gpu once");
            }
            if (devices.Exists(d => d.Index == index))
            {
                map.Error("index", $"{index} belongs to another gpu of this list", "give each gpu its own index in PCI order");
            }
            devices.Add(new GpuDevice(id, index, LocalNode, type, memory ?? 0, Simulated: false));
        }
        return devices;
    }

    private static GpuSource ReadSimulated(MapReader gpus)
    {
        if (!gpus.Has("simulated"))
        {
            gpus.Error("simulated", "is missing", $"write {Example}");
        }
        var simulated = gpus.TakeMap("simulated", "simulated: { count: 2, type: H100, memory: 80GiB }");
        gpus.Close();
        if (simulated is null)
        {
            return GpuSource.Auto;
        }
        var count = simulated.TakeWhole("count", 1, 1, 64);
        var type = simulated.TakeText("type") ?? "SIM";
        var memory = simulated.TakeMemory("memory", MemoryMin, MemoryMax) ?? 80L << 30;
        simulated.Close();
        return new GpuSource([.. Enumerable.Range(0, count).Select(i => new GpuDevice($"SIM-{i}", i, LocalNode, type, memory, Simulated: true))]);
    }

    /// <summary>A model that no gpu can hold is legal (the fleet may grow), but rarely meant.</summary>
    public static void WarnWhereNothingFits(PodvirtConfig config, MapReader top)
    {
        if (config.Gpus.Devices is not { } devices)
        {
            return;
        }
        foreach (var model in config.Models.Where(m => m.Gpu.Count > 0 && m.Id.Length > 0))
        {
            var fitting = devices.Count(d => d.MemoryBytes >= model.Gpu.MemoryBytes);
            if (fitting < model.Gpu.Count)
            {
                top.Warn(
                    "models",
                    $"{model.Id} needs {model.Gpu.Count} × {Quantities.FormatMemory(model.Gpu.MemoryBytes)} of gpu memory, and {fitting} of the gpus listed have that much",
                    "it stays unschedulable until larger gpus are there");
            }
        }
    }
}
