using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.Testing.Balancers;

namespace Podvirt.LocalCluster.Up;

/// <summary>Where everything is, and what to do with it.</summary>
internal static class Picture
{
    private const string Model = "qwen3-32b";

    public static async Task<string> OfAsync(ClusterProcesses cluster, Balancer nginx, Secrets secrets)
    {
        var origin = nginx.Address.GetLeftPart(UriPartial.Authority);
        var link = await cluster["gateway-1"].Admin.PostAsJsonAsync("api/session/codes", new { });
        link.EnsureSuccessStatusCode();
        var console = (string)(await link.Content.ReadFromJsonAsync<JsonObject>())!["url"]!;
        var parts = new List<string> { Row("nginx", nginx.Address, nginx.Process!.Id, "before both gateways") };
        foreach (var name in cluster.Names.Order(StringComparer.Ordinal))
        {
            var process = cluster[name];
            parts.Add(Row(name, process.Address, process.Id, await LeadershipAsync(process)));
        }
        parts.AddRange(cluster.NatsServers.Select((server, i) => Row($"nats-{i + 1}", new Uri(server.Url), server.Process!.Id, $"{server.Monitor}jsz")));
        parts.Add(Row("clickhouse", cluster.ClickHouse.Url, cluster.ClickHouse.Process!.Id, "database podvirt"));
        parts.Add(Row("nomad", cluster.Nomad.Address, Environment.ProcessId, "a double of an agent, in this process; its tasks are real processes"));
        return $$"""

            A Podvirt cluster on this machine. Its engines are simulated, and so is Nomad; everything else is what it is elsewhere.

              API      {{origin}}/v1
              Console  {{console}}
                       (signs in once, within 15 minutes)
              API key  {{secrets.ApiKey}}
              Admin    export PODVIRT_ADMIN_TOKEN={{secrets.AdminToken}}
                       {{Path.GetRelativePath(Checkout.Root, PodvirtProcess.Executable)}} top --url {{origin}}     (or console, models, replicas …)

            {{string.Join('\n', parts)}}

              Try it:

              curl -N {{origin}}/v1/chat/completions -H 'Authorization: Bearer {{secrets.ApiKey}}' -H 'Content-Type: application/json' -d '{"model":"{{Model}}","stream":true,"messages":[{"role":"user","content":"Why is the sky blue?"}]}'

              Kill what you like (kill -9 PROCESS): it is started again, as Nomad would, and their logs follow here.
              Ctrl-C stops, and leaves nothing.

            """;
    }

    private static string Row(string name, Uri address, int process, string what) =>
        $"  {name,-12} {address.GetLeftPart(UriPartial.Authority),-24} process {process,-8} {what}".TrimEnd();

    /// <summary>Of a scheduler, whether it leads; of others, nothing.</summary>
    private static async Task<string> LeadershipAsync(PodvirtProcess process)
    {
        var report = await process.Client.GetFromJsonAsync<JsonObject>("readyz");
        return (string?)report!["checks"]!.AsArray().FirstOrDefault(static c => (string?)c!["name"] == "scheduler")?["detail"] ?? "";
    }
}
