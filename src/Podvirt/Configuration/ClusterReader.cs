using Podvirt.Messaging.Nats;
using Podvirt.Metering;
using Podvirt.Scheduler.Runtimes.Nomad;

namespace Podvirt.Configuration;

/// <summary>What the processes of a cluster share.</summary>
/// <param name="ClickHouse">Null: not named; who serves or meters needs it.</param>
/// <param name="Nomad">Null: not named; who schedules needs it.</param>
internal sealed record ClusterSettings(NatsOptions Nats, ClickHouseOptions? ClickHouse, NomadOptions? Nomad);

/// <summary>Reads <c>cluster</c>, and the environment variables that say the same: addresses and secrets differ where files do not.</summary>
internal static class ClusterReader
{
    public const string NatsVariable = "PODVIRT_NATS_URL";
    public const string ClickHouseVariable = "PODVIRT_CLICKHOUSE_URL";
    public const string ClickHousePasswordVariable = "PODVIRT_CLICKHOUSE_PASSWORD";

    private const string Example = "cluster: { nats: { url: \"nats://nats:4222\" }, clickhouse: { url: \"http://clickhouse:8123\" }, nomad: { address: \"http://nomad:4646\" } }";

    /// <summary>Null: this is one process, for itself.</summary>
    public static ClusterSettings? Read(MapReader top, Func<string, string?> environment)
    {
        var map = top.TakeMap("cluster", Example);
        var nats = ReadNats(top, map?.TakeMap("nats", "nats: { url: \"nats://nats:4222\" }"), Set(environment, NatsVariable));
        var clickHouse = ReadClickHouse(top, map?.TakeMap("clickhouse", "clickhouse: { url: \"http://clickhouse:8123\" }"), environment);
        var nomad = NomadReader.Read(top, map?.TakeMap("nomad", "nomad: { address: \"http://nomad:4646\" }"), environment);
        map?.Close();
        if (nats is not null)
        {
            return new ClusterSettings(nats, clickHouse, nomad);
        }
        if (map is not null || clickHouse is not null || nomad is not null)
        {
            top.Error("cluster", "no NATS server is named", $"write cluster: {{ nats: {{ url: \"nats://host:4222\" }} }}, or set {NatsVariable}");
        }
        return null;
    }

    /// <summary>Null where it is not set, or empty.</summary>
    public static string? Set(Func<string, string?> environment, string variable) =>
        environment(variable)?.Trim() is { Length: > 0 } value ? value : null;

    private static NatsOptions? ReadNats(MapReader top, MapReader? map, string? fromEnvironment)
    {
        var url = map?.TakeText("url");
        url = fromEnvironment ?? url;
        if (url is null)
        {
            map?.Close();
            return null;
        }
        var options = new NatsOptions { Url = url };
        if (map is not null)
        {
            options = new NatsOptions
            {
                Url = url,
                LeasePeriod = map.TakeDuration("lease", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2)) ?? options.LeasePeriod,
                RequestTimeout = map.TakeDuration("request_timeout", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)) ?? options.RequestTimeout,
                Replicas = map.Has("replicas") ? map.TakeWhole("replicas", 1, 1, 5) : null,
                CredentialsFile = map.TakeText("credentials_file"),
                CaFile = map.TakeText("ca_file"),
                CertificateFile = map.TakeText("cert_file"),
                KeyFile = map.TakeText("key_file"),
            };
            map.Close();
        }
        foreach (var problem in options.Check())
        {
            (map ?? top).Error(map is null ? "cluster" : "url", problem, "see docs/configuration.md, cluster");
        }
        return options;
    }

    private static ClickHouseOptions? ReadClickHouse(MapReader top, MapReader? map, Func<string, string?> environment)
    {
        var text = map?.TakeText("url");
        text = Set(environment, ClickHouseVariable) ?? text;
        if (text is null)
        {
            map?.Error("url", "is missing", $"name ClickHouse's HTTP address, or set {ClickHouseVariable}");
            map?.Close();
            return null;
        }
        var options = new ClickHouseOptions { Password = environment(ClickHousePasswordVariable) ?? "" };
        if (ConfigReader.TryParseOrigin(text, out var url))
        {
            options.Url = url;
        }
        else
        {
            (map ?? top).Error(map is null ? "cluster" : "url", $"'{text}' is not an address of ClickHouse", "write one such as http://clickhouse:8123");
        }
        if (map is not null)
        {
            options.Database = map.TakeText("database") ?? options.Database;
            options.User = map.TakeText("user") ?? options.User;
            options.Timeout = map.TakeDuration("timeout", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)) ?? options.Timeout;
            options.RawMonthsKept = map.Has("raw_months") ? map.TakeWhole("raw_months", 12, 1, 1200) : null;
            map.Close();
        }
        return options;
    }
}
