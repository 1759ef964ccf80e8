using System.Net.Sockets;
using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.Scheduling;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Tasks;

/// <summary>Whether a new allocation of a deployment becomes healthy: its tasks run, its checks pass, for long enough and in time.</summary>
internal static class HealthWatch
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private static readonly HttpClient s_http = new() { Timeout = TimeSpan.FromSeconds(2) };

    public static async Task RunAsync(NomadState state, AllocationRun run)
    {
        if (run.Allocation.DeploymentId.Length == 0)
        {
            return;
        }
        var update = run.Allocation.GroupSpec?["Update"];
        var deadline = DateTimeOffset.UtcNow + Json.Duration(update?["HealthyDeadline"], TimeSpan.FromMinutes(5));
        var minimum = Json.Duration(update?["MinHealthyTime"], TimeSpan.FromSeconds(10));
        var checks = Json.Text(update?["HealthCheck"]) == "checks" ? Checks(run) : [];
        var since = default(DateTimeOffset?);
        try
        {
            while (DateTimeOffset.UtcNow < deadline)
            {
                var good = run.Tasks.All(static t => t.State.State == "running" || (t.IsPrestart && t.IsOver)) && await PassAsync(run, checks);
                since = good ? since ?? DateTimeOffset.UtcNow : null;
                if (since is { } start && DateTimeOffset.UtcNow - start >= minimum)
                {
                    Set(state, run, healthy: true);
                    return;
                }
                await Task.Delay(s_pause, run.Stopping);
            }
            Set(state, run, healthy: false);
        }
        catch (OperationCanceledException) when (run.Stopping.IsCancellationRequested)
        {
            // It ended; what a failure means for the deployment is told with the failure itself.
            return;
        }
    }

    private static void Set(NomadState state, AllocationRun run, bool healthy) => state.Write(write =>
    {
        if (run.Allocation.Healthy is null)
        {
            Deployments.Health(write, run.Allocation, healthy);
            write.Allocation(run.Allocation, "AllocationUpdated");
        }
    });

    private static (JsonObject Check, int Port)[] Checks(AllocationRun run)
    {
        var group = run.Allocation.GroupSpec;
        var services = Json.Items(group?["Services"]).Concat(Json.Items(group?["Tasks"]).SelectMany(static t => Json.Items(t["Services"])));
        return
        [
            .. services.SelectMany(static s => Json.Items(s["Checks"]).Select(c => (Check: c, Label: Json.Text(c["PortLabel"]) is { Length: > 0 } own ? own : Json.Text(s["PortLabel"]))))
                .Where(static c => Json.Text(c.Check["Type"]) is "http" or "tcp")
                .Select(c => (c.Check, run.Allocation.Offer.Ports.GetValueOrDefault(c.Label).Value)),
        ];
    }

    private static async Task<bool> PassAsync(AllocationRun run, (JsonObject Check, int Port)[] checks)
    {
        foreach (var (check, port) in checks)
        {
            try
            {
                if (Json.Text(check["Type"]) == "http")
                {
                    using var response = await s_http.GetAsync(new Uri($"http://{run.Allocation.Node.Node.HostIp}:{port}{Json.Text(check["Path"])}"), run.Stopping);
                    if (!response.IsSuccessStatusCode)
                    {
                        return false;
                    }
                }
                else
                {
                    using var client = new TcpClient();
                    await client.ConnectAsync(run.Allocation.Node.Node.HostIp, port, run.Stopping);
                }
            }
            catch (Exception e) when (e is HttpRequestException or SocketException || (e is OperationCanceledException && !run.Stopping.IsCancellationRequested))
            {
                return false;
            }
        }
        return true;
    }
}
