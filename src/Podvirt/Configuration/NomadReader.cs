using Podvirt.Scheduler.Runtimes.Nomad;

namespace Podvirt.Configuration;

/// <summary>Reads <c>cluster.nomad</c>.</summary>
internal static class NomadReader
{
    public const string AddressVariable = "PODVIRT_NOMAD_ADDR";
    public const string TokenVariable = "PODVIRT_NOMAD_TOKEN";

    /// <summary>Null: no Nomad is named.</summary>
    public static NomadOptions? Read(MapReader top, MapReader? map, Func<string, string?> environment)
    {
        var text = map?.TakeText("address");
        text = ClusterReader.Set(environment, AddressVariable) ?? text;
        if (text is null)
        {
            map?.Error("address", "is missing", $"name an agent's HTTP address, or set {AddressVariable}");
            map?.Close();
            return null;
        }
        var options = new NomadOptions { Token = ClusterReader.Set(environment, TokenVariable) };
        if (ConfigReader.TryParseOrigin(text, out var address))
        {
            options.Address = address;
        }
        else
        {
            (map ?? top).Error(map is null ? "cluster" : "address", $"'{text}' is not an address of Nomad", "write one such as http://nomad:4646");
        }
        if (map is not null)
        {
            ReadPlacing(map, options);
            options.CaFile = map.TakeText("ca_file");
            options.CertFile = map.TakeText("cert_file");
            options.KeyFile = map.TakeText("key_file");
            options.TlsServerName = map.TakeText("server_name");
            options.ConnectionsMax = map.TakeWhole("connections", options.ConnectionsMax, 4, 100);
            options.PlacementTimeout = map.TakeDuration("placement_timeout", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)) ?? options.PlacementTimeout;
            map.Close();
        }
        foreach (var problem in options.Problems())
        {
            (map ?? top).Error(map is null ? "cluster" : "address", problem, "see docs/configuration.md, cluster");
        }
        return options;
    }

    private static void ReadPlacing(MapReader map, NomadOptions options)
    {
        options.Namespace = map.TakeText("namespace") ?? options.Namespace;
        options.Region = map.TakeText("region") ?? options.Region;
        options.Datacenters = map.Has("datacenters") ? map.TakeTexts("datacenters", "[\"dc1\"]") : options.Datacenters;
        options.NodePool = map.TakeText("node_pool") ?? options.NodePool;
        options.JobPrefix = map.TakeText("job_prefix") ?? options.JobPrefix;
        options.Placement = map.TakeWord("placement", options.Placement, ("shared", NomadPlacement.Shared), ("exclusive", NomadPlacement.Exclusive));
        options.Driver = map.TakeWord("driver", options.Driver, ("docker", NomadDriver.Docker), ("raw_exec", NomadDriver.RawExec));
        options.EngineKey = map.TakeWord("engine_key", options.EngineKey, ("environment", NomadEngineKey.Environment), ("variable", NomadEngineKey.Variable));
        options.Image = map.TakeText("image") ?? options.Image;
        options.Template = map.TakeText("template");
        options.CpuMhz = map.TakeWhole("cpu", options.CpuMhz, 1, 1_000_000);
        options.EngineMemoryBytes = map.TakeMemory("engine_memory", 64L << 20, 1L << 50) ?? options.EngineMemoryBytes;
        options.SimulatedGpuDirectory = map.TakeText("simulated_gpus");
    }
}
