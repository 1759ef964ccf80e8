using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad;
using Podvirt.Testing.Nomad.Hcl;

namespace Podvirt.Scheduler.Tests.NomadDoubles;

/// <summary>What can be said of the job files without a cluster: they parse, keep the house's rules, and their tasks start on the double.</summary>
public sealed class ClusterJobTests
{
    private const string Program = "local/podvirt/podvirt";

    public static TheoryData<string> Files => [.. ClusterJobs.Variables.Keys];

    [Theory]
    [MemberData(nameof(Files))]
    public void Variable_SaysWhatItIsFor(string file)
    {
        var variables = JobFile.Variables(ClusterJobs.Text(file));

        Assert.NotEmpty(variables);
        Assert.Empty(variables.Where(static v => string.IsNullOrWhiteSpace(v.Description)).Select(static v => v.Name));
        Assert.Empty(variables.Where(v => v.Required && !ClusterJobs.Variables[file].Contains($"{v.Name} = ", StringComparison.Ordinal)).Select(static v => v.Name));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Task_HasLimitsLogsAndAnOrderlyEnd(string file)
    {
        var job = ClusterJobs.Parse(file);

        Assert.All(ClusterJobs.Tasks(job), static task =>
        {
            Assert.True(task["Resources"]?["CPU"]?.GetValue<long>() > 0);
            Assert.True(task["Resources"]?["MemoryMB"]?.GetValue<long>() > 0);
            Assert.NotNull(task["LogConfig"]?["MaxFiles"]);
            Assert.NotNull(task["KillSignal"]);
            Assert.True(task["KillTimeout"]?.GetValue<long>() > 0);
        });
        Assert.All(ClusterJobs.Groups(job), static group => Assert.NotNull(group["EphemeralDisk"]?["SizeMB"]));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Group_IsCheckedAndUpdatedOneByOne(string file)
    {
        var job = ClusterJobs.Parse(file);

        Assert.Equal(1, job["Update"]?["MaxParallel"]?.GetValue<long>());
        Assert.All(ClusterJobs.Groups(job), static group =>
        {
            var ports = group["Networks"]!.AsArray().SelectMany(static n => new[] { n!["DynamicPorts"], n["ReservedPorts"] }).OfType<JsonArray>()
                .SelectMany(static p => p).Select(static p => p!["Label"]!.GetValue<string>()).ToHashSet();
            var services = group["Services"]!.AsArray();
            Assert.All(services, service => Assert.All(service!["Checks"]!.AsArray(), check =>
            {
                Assert.Equal("http", check!["Type"]!.GetValue<string>());
                Assert.Contains(check["Path"]!.GetValue<string>(), (string[])["/readyz", "/healthz", "/ping"]);
                Assert.True(check["Timeout"]!.GetValue<long>() > 0 && check["Timeout"]!.GetValue<long>() <= check["Interval"]!.GetValue<long>());
                Assert.Contains((check["PortLabel"] ?? service["PortLabel"])!.GetValue<string>(), ports);
            }));
            Assert.Equal("delay", group["RestartPolicy"]!["Mode"]!.GetValue<string>());
        });
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Secret_ComesFromANomadVariableIntoTheSecretsFolder(string file)
    {
        var job = ClusterJobs.Parse(file);

        Assert.All(ClusterJobs.Tasks(job), task =>
        {
            var shown = $"{task["Config"]!.ToJsonString()} {task["Env"]?.ToJsonString()} {task["Meta"]?.ToJsonString()} {task["Artifacts"]?.ToJsonString()}";
            Assert.DoesNotMatch("(?i)password|token|nomadVar|_URL", shown);
            var secret = task["Templates"]!.AsArray().Where(static t => t!["EmbeddedTmpl"]!.GetValue<string>().Contains("nomadVar", StringComparison.Ordinal)).ToArray();
            Assert.NotEmpty(secret);
            Assert.All(secret, t =>
            {
                // Variables that only the job itself may read, by Nomad's own rule for their path.
                Assert.Contains($"nomadVar \"nomad/jobs/{job["ID"]}\"", t!["EmbeddedTmpl"]!.GetValue<string>(), StringComparison.Ordinal);
                var isConfig = t["DestPath"]!.GetValue<string>() == "local/podvirt.yaml";
                Assert.True(isConfig || t["DestPath"]!.GetValue<string>().StartsWith("secrets/", StringComparison.Ordinal));
                Assert.True(isConfig || t["Perms"]!.GetValue<string>() is "0400" or "0444");
            });
        });
    }

    [Fact]
    public void Gateway_LeavesTheBalancerFirstAndHasTimeToDrain()
    {
        var group = ClusterJobs.Groups(ClusterJobs.Parse("gateway")).Single();

        Assert.True(group["ShutdownDelay"]!.GetValue<long>() >= 2 * group["Services"]![0]!["Checks"]![0]!["Interval"]!.GetValue<long>());
        Assert.True(group["Tasks"]![0]!["KillTimeout"]!.GetValue<long>() > 30_000_000_000, "limits.drain is 30s by default");
        Assert.True(group["EphemeralDisk"]!["Sticky"]!.GetValue<bool>() && group["EphemeralDisk"]!["Migrate"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("scheduler", "http")]
    [InlineData("metering", "http")]
    [InlineData("node-agent", "http")]
    [InlineData("nats", "client", "cluster", "monitor")]
    [InlineData("clickhouse", "http")]
    public void PrivatePort_IsOnThePrivateNetwork(string file, params string[] labels)
    {
        var job = JobFile.Parse(ClusterJobs.Text(file), ClusterJobs.Variables[file] + "private_network = \"inside\"\n");

        var ports = ClusterJobs.Groups(job).SelectMany(static g => g["Networks"]!.AsArray()).SelectMany(static n => new[] { n!["DynamicPorts"], n["ReservedPorts"] })
            .OfType<JsonArray>().SelectMany(static p => p).ToArray();
        Assert.Equal(labels, ports.Select(static p => p!["Label"]!.GetValue<string>()));
        Assert.All(ports, static p => Assert.Equal("inside", p!["HostNetwork"]!.GetValue<string>()));
    }

    [Fact]
    public async Task AllJobsRegistered_EveryTaskRunsWithItsSecretsAndNoneInItsArguments()
    {
        // A stand-in shows what it was given. The real NATS server checks the configuration that its template became.
        string[] show = ["/bin/sh", "-c", "printf '%s\\n' \"args=$*\"; env | grep -E '^(PODVIRT|CLICKHOUSE)_' | sort; echo end; exec sleep 600", "sh"];
        string[] check = ["/bin/sh", "-c", "nats-server -t \"$@\" || exit 3; echo end; exec sleep 600", "sh"];
        await using var nomad = await NomadDouble.StartAsync(new NomadDoubleOptions
        {
            Nodes = [.. Enumerable.Range(1, 3).Select(static i => new NomadDoubleNode($"node-{i}") { HostVolumes = ["podvirt-nats", "podvirt-clickhouse"] })],
            Commands = new Dictionary<string, IReadOnlyList<string>> { [Program] = show },
            Images = new Dictionary<string, IReadOnlyList<string>> { ["nats:2.10.27-alpine"] = check, ["clickhouse/clickhouse-server:26.7"] = show },
        });
        using var calls = new NomadCalls(nomad);
        foreach (var (job, items) in ClusterJobs.Secrets)
        {
            await calls.PutAsync($"/v1/var/nomad/jobs/{job}", new JsonObject { ["Items"] = new JsonObject(items.Select(static i => KeyValuePair.Create(i.Key, (JsonNode?)i.Value))) });
        }

        var logs = new Dictionary<string, string>();
        foreach (var (file, variables) in ClusterJobs.Variables)
        {
            logs[file] = await RunAsync(calls, file, variables);
        }

        Assert.Contains("args=serve --roles gateway --config ", logs["gateway"], StringComparison.Ordinal);
        Assert.Contains($"PODVIRT_NATS_URL={ClusterJobs.Nats}\n", logs["gateway"], StringComparison.Ordinal);
        Assert.Contains($"PODVIRT_CLICKHOUSE_PASSWORD={ClusterJobs.Password}\n", logs["gateway"], StringComparison.Ordinal);
        Assert.Contains("PODVIRT_LISTEN=http://127.0.0.1:8080\n", logs["gateway"], StringComparison.Ordinal);
        Assert.Contains("PODVIRT_ADMIN_TOKEN=admin#1\n", logs["gateway"], StringComparison.Ordinal);
        Assert.Contains("PODVIRT_NOMAD_TOKEN=nomad-secret\n", logs["scheduler"], StringComparison.Ordinal);
        Assert.DoesNotContain("NOMAD_TOKEN", logs["gateway"], StringComparison.Ordinal);
        Assert.Contains("PODVIRT_NODE_NAME=node-", logs["node-agent"], StringComparison.Ordinal);
        Assert.Contains($"CLICKHOUSE_PASSWORD={ClusterJobs.Password}\n", logs["clickhouse"], StringComparison.Ordinal);
        Assert.All(logs.Values, static log => Assert.DoesNotMatch("args=.*(p4ss|secret|admin#1)", log));
    }

    /// <summary>Registers it as an operator's command would, and returns what its first task says.</summary>
    private static async Task<string> RunAsync(NomadCalls calls, string file, string variables)
    {
        var job = (JsonObject)await calls.PutAsync("/v1/jobs/parse", new JsonObject { ["JobHCL"] = ClusterJobs.Text(file), ["Variables"] = variables, ["Canonicalize"] = true });
        var evaluation = await calls.EvaluatedAsync(await calls.RegisterAsync(job));
        Assert.True(evaluation["FailedTGAllocs"] is null, evaluation.ToJsonString());
        var id = job["ID"]!.GetValue<string>();
        var wanted = job["Type"]!.GetValue<string>() == "system" ? 3 : job["TaskGroups"]![0]!["Count"]!.GetValue<int>();
        var list = await calls.UntilAsync($"/v1/job/{id}/allocations", l => l.AsArray().Count(static a => a!["ClientStatus"]!.GetValue<string>() != "pending") == wanted);
        Assert.Equal(wanted, list.AsArray().Select(static a => a!["NodeName"]!.GetValue<string>()).Distinct().Count());
        var task = job["TaskGroups"]![0]!["Tasks"]![0]!["Name"]!.GetValue<string>();
        var path = $"/v1/client/fs/logs/{list[0]!["ID"]}?task={task}&plain=true&type=";
        var deadline = DateTime.UtcNow.AddSeconds(10);
        while (true)
        {
            var (status, text, _) = await calls.SendAsync(HttpMethod.Get, path + "stdout");
            if (status == HttpStatusCode.OK && text.EndsWith("end\n", StringComparison.Ordinal))
            {
                return text;
            }
            var errors = (await calls.SendAsync(HttpMethod.Get, path + "stderr")).Text;
            Assert.True(DateTime.UtcNow < deadline && !errors.Contains("parse error", StringComparison.Ordinal), $"{file}: {list.ToJsonString()} {text} {errors}");
        }
    }
}
