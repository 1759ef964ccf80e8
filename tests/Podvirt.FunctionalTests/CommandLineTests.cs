using System.Net;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>The operator's commands against a running server.</summary>
public class CommandLineTests
{
    [Fact]
    public async Task Commands_ShowAndChangeARunningServer()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat"), Configs.Model("org/other")));
        using (var response = await server.ChatAsync("chat", stream: false))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        await server.RecordsAsync(1);

        var models = await JsonAsync(server, "models");
        var chat = Assert.Single(models["data"]!.AsArray(), m => (string)m!["id"]! == "chat")!;
        Assert.Equal("Active", (string)chat["status"]!);
        Assert.True((long)chat["startup_duration_ms"]! > 0);
        var table = await RunAsync(server, "models");
        Assert.Contains("Active", table.Output, StringComparison.Ordinal);
        Assert.Contains("H100", table.Output, StringComparison.Ordinal);

        var created = await JsonAsync(server, "keys", "create", "from-cli");
        Assert.StartsWith("pv-", (string)created["secret"]!, StringComparison.Ordinal);
        var listed = await JsonAsync(server, "keys", "list");
        Assert.DoesNotContain((string)created["secret"]!, listed.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("from-cli", listed.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(server, "keys", "revoke", (string)created["key"]!["id"]!)).ExitCode);

        var usage = await JsonAsync(server, "usage", "--group", "model");
        Assert.Equal(1, (int)Assert.Single(usage["data"]!.AsArray())!["requests"]!);

        var logs = await RunAsync(server, "logs", "chat");
        Assert.Contains("Loading weights", logs.Output, StringComparison.Ordinal);
        var unknown = await RunAsync(server, "logs", "nobody");
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("nobody", unknown.Error + unknown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_WithoutServer_SaysSo()
    {
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var result = await Tool.RunAsync(PodvirtProcess.Executable, ["models", "--data", data]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("podvirt serve", result.Error + result.Output, StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Serve_WithWrongConfiguration_ListsEveryErrorWithItsLine()
    {
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var config = Path.Combine(data, "podvirt.yaml");
        await File.WriteAllTextAsync(config, """
            gpu: auto
            models:
              - id: one
                type: chatt
                engine: { kind: simulated, model: m }
                gpu: { count: 1, memory: 20GB! }
                replicas: { max: -1 }
            """);
        var result = await Tool.RunAsync(PodvirtProcess.Executable, ["serve", "--config", config, "--data", data]);
        Assert.Equal(2, result.ExitCode);
        var text = result.Error + result.Output;
        Assert.Contains("podvirt.yaml:1:", text, StringComparison.Ordinal);
        Assert.Contains("gpus", text, StringComparison.Ordinal);
        Assert.Contains("podvirt.yaml:4:", text, StringComparison.Ordinal);
        Assert.Contains("podvirt.yaml:6:", text, StringComparison.Ordinal);
        Assert.Contains("podvirt.yaml:7:", text, StringComparison.Ordinal);
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task SecondServeOnTheSameData_IsRefused()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        var result = await Tool.RunAsync(PodvirtProcess.Executable,
            ["serve", "--config", Path.Combine(server.Data, "podvirt.yaml"), "--data", server.Data, "--listen", "http://127.0.0.1:0"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(server.Data, result.Error + result.Output, StringComparison.Ordinal);
    }

    private static async Task<JsonObject> JsonAsync(PodvirtProcess server, params string[] arguments)
    {
        var result = await RunAsync(server, [.. arguments, "--json"]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return JsonNode.Parse(result.Output)!.AsObject();
    }

    private static Task<ToolResult> RunAsync(PodvirtProcess server, params string[] arguments) => Tool.RunAsync(
        PodvirtProcess.Executable, [.. arguments, "--data", server.Data],
        new Dictionary<string, string>(StringComparer.Ordinal) { ["PODVIRT_ADMIN_TOKEN"] = PodvirtProcess.AdminToken });
}
