using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>The catalog changes, and operators give orders, while the server serves.</summary>
public class LiveCatalogTests
{
    [Theory]
    [InlineData("20GiB")]
    [InlineData("80GiB")]
    public async Task ChangedFile_ReplacesTheReplica_WithoutAFailedRequest(string memory)
    {
        // With 80 GiB on one gpu the new one does not fit beside the old: requests wait while they change places.
        string Yaml(string more) => Configs.Catalog(Configs.Model("chat", memory: memory, more: more)).Replace("count: 2, type", "count: 1, type", StringComparison.Ordinal);
        await using var server = await PodvirtProcess.StartAsync(Yaml("--sim-token-time, 5ms"));
        using var ended = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 4).Select(async _ =>
        {
            var count = 0;
            while (!ended.IsCancellationRequested)
            {
                using var response = await server.ChatAsync("chat", stream: false, "Hello", new { max_tokens = 20 });
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                // To its end: a client that takes only the head has left.
                Assert.Contains("\"completion_tokens\":20", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                count++;
            }
            return count;
        }).ToList();
        await Until.TrueAsync(async () => (string)(await server.ModelAsync("chat"))["status"]! == "Active", () => "it was to serve");

        await File.WriteAllTextAsync(Path.Combine(server.Data, "podvirt.yaml"), Yaml("--sim-token-time, 4ms, --sim-ttft, 10ms"));
        await Until.TrueAsync(
            async () => (await ReplicasAsync(server)) is [var only] && (int)only!["revision"]! == 2 && (string)only["state"]! == "active",
            () => $"revision 2 was to serve alone:\n{server.Output}");
        await ended.CancelAsync();

        Assert.All(await Task.WhenAll(calls), count => Assert.True(count > 0));
        var records = (await GetAsync(server, "/api/requests?limit=10000"))["data"]!.AsArray();
        Assert.All(records, record => Assert.Equal("completed", (string)record!["outcome"]!));
        var transitions = (await GetAsync(server, "/api/transitions?model=chat"))["data"]!.AsArray();
        Assert.Contains(transitions, t => (string?)t!["to"] == "draining" && (string)t["cause"]! == "outdated");
    }

    [Fact]
    public async Task Commands_ApplyAFile_AndGiveOrders()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        var file = Path.Combine(server.Data, "other.yaml");
        await File.WriteAllTextAsync(file, Configs.Catalog(Configs.Model("chat", memory: "30GiB"), Configs.Model("org/more")));
        var shown = await RunAsync(server, "apply", "-f", file, "--dry-run");
        Assert.Contains("gpu.memory_bytes: 21474836480 -> 32212254720", shown.Output, StringComparison.Ordinal);
        Assert.Contains("Applied as catalog revision 2.", (await RunAsync(server, "apply", "-f", file)).Output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, "models:\n  - { id: chat, type: poem }\n");
        var broken = await CallAsync(server, "apply", "-f", file);
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("other.yaml:2: models[0].type", broken.Error, StringComparison.Ordinal);

        await RunAsync(server, "wake", "org/more");
        await Until.TrueAsync(async () => (string)(await server.ModelAsync("org/more"))["status"]! == "Active", () => "it was to wake");
        var picture = (await RunAsync(server, "top", "--once")).Output;
        Assert.Contains("org/more active ", picture, StringComparison.Ordinal);
        Assert.Contains('█', picture);
        await RunAsync(server, "sleep", "org/more");
        await Until.TrueAsync(async () => (string)(await server.ModelAsync("org/more"))["status"]! == "Sleeping", () => "it was to sleep");
        Assert.Contains("an operator sends it to sleep", (await RunAsync(server, "transitions", "--model", "org/more")).Output, StringComparison.Ordinal);
        await RunAsync(server, "stop", "org/more");
        await Until.TrueAsync(() => Task.FromResult(server.Engines().Count == 0), () => "it was to stop");
    }

    private static async Task<ToolResult> RunAsync(PodvirtProcess server, params string[] arguments)
    {
        var result = await CallAsync(server, arguments);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result;
    }

    private static Task<ToolResult> CallAsync(PodvirtProcess server, params string[] arguments) => Tool.RunAsync(
        PodvirtProcess.Executable, [.. arguments, "--data", server.Data],
        new Dictionary<string, string>(StringComparer.Ordinal) { ["PODVIRT_ADMIN_TOKEN"] = PodvirtProcess.AdminToken });

    private static async Task<JsonObject> GetAsync(PodvirtProcess server, string path) => (await server.Admin.GetFromJsonAsync<JsonObject>(path))!;

    private static async Task<JsonArray> ReplicasAsync(PodvirtProcess server) =>
        (await GetAsync(server, "/api/replicas?model=chat"))["data"]!.AsArray();
}
