using System.Text.Json.Nodes;
using Podvirt.Testing;
using Podvirt.Testing.Nomad.Hcl;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>The job files that run Podvirt itself, with what an operator would fill in.</summary>
internal static class ClusterJobs
{
    private const string Program = "archive = \"https://example.test/podvirt.tar.gz\"\nchecksum = \"sha256:00\"\n";

    public static IReadOnlyDictionary<string, string> Variables { get; } = new Dictionary<string, string>
    {
        ["gateway"] = Program,
        ["scheduler"] = Program,
        ["metering"] = Program,
        ["node-agent"] = Program,
        ["nats"] = "routes = [\"10.0.0.1:6222\", \"10.0.0.2:6222\", \"10.0.0.3:6222\"]\n",
        ["clickhouse"] = "",
    };

    /// <summary>Nomad variables by the job that reads them. Secrets hold what a shell or an env file would trip over.</summary>
    public static IReadOnlyDictionary<string, Dictionary<string, string>> Secrets { get; } = new Dictionary<string, Dictionary<string, string>>
    {
        ["podvirt-gateway"] = new() { ["nats_url"] = Nats, ["clickhouse_url"] = "http://ch:8123", ["clickhouse_password"] = Password, ["admin_token"] = "admin#1", ["config"] = "models: []\n" },
        ["podvirt-scheduler"] = new() { ["nats_url"] = Nats, ["nomad_addr"] = "http://nomad:4646", ["nomad_token"] = "nomad-secret", ["config"] = "models: []\n" },
        ["podvirt-metering"] = new() { ["nats_url"] = Nats, ["clickhouse_url"] = "http://ch:8123", ["clickhouse_password"] = Password, ["config"] = "models: []\n" },
        ["podvirt-node"] = new() { ["nats_url"] = Nats },
        ["podvirt-nats"] = new() { ["password"] = Password, ["node_password"] = "node-secret", ["cluster_password"] = "clustersecret" },
        ["podvirt-clickhouse"] = new() { ["password"] = Password },
    };

    public const string Nats = "nats://podvirt:p4ss@nats:4222";
    public const string Password = "a \"quoted\" $ecret #1";

    public static string Text(string name) => File.ReadAllText(Path.Combine(Checkout.Root, "nomad", $"{name}.nomad.hcl"));

    public static JsonObject Parse(string name) => JobFile.Parse(Text(name), Variables[name]);

    public static IEnumerable<JsonObject> Groups(JsonObject job) => job["TaskGroups"]!.AsArray().OfType<JsonObject>();

    public static IEnumerable<JsonObject> Tasks(JsonObject job) => Groups(job).SelectMany(static g => g["Tasks"]!.AsArray().OfType<JsonObject>());
}
