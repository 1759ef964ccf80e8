using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests;

/// <summary>kill -9 of the server in the middle of something, and another one on the same data folder.</summary>
public class UnfinishedTests
{
    private const int SigStop = 19;

    [Fact]
    public async Task KilledWhileAnEngineFallsAsleep_ItIsTakenOverAsleep()
    {
        var yaml = Configs.Catalog(Configs.Model("tired", more: "--sim-sleep, 3s", idle: "{ sleep_after: 1s, stop_after: 1h }"));
        var first = await PodvirtProcess.StartAsync(yaml);
        await AnswersAsync(first, "tired");
        await UntilStateAsync(first, "tired", "falling_asleep");
        var engine = Assert.Single(first.Engines());
        await KillAsync(first);

        await using var second = await PodvirtProcess.StartAsync(yaml, first.Data);
        await second.UntilStatusAsync("tired", "Sleeping");
        Assert.Equal([engine], second.Engines());
        await AnswersAsync(second, "tired");
        Assert.Equal([engine], second.Engines());
        var causes = await TransitionsAsync(second, "tired");
        Assert.Contains(causes, told => (string)told["trigger"]! == "asleep" && (string)told["cause"]! == "restart");
    }

    [Fact]
    public async Task EngineThatHangs_HoldsUpNobodyElse()
    {
        var yaml = Configs.Catalog(Configs.Model("hangs", memory: "60GiB"), Configs.Model("other", memory: "60GiB"));
        var first = await PodvirtProcess.StartAsync(yaml);
        await AnswersAsync(first, "hangs");
        var hung = Assert.Single(first.Engines());
        await AnswersAsync(first, "other");
        await KillAsync(first);
        Assert.Equal(0, Kill(hung, SigStop));

        await using var second = await PodvirtProcess.StartAsync(yaml, first.Data);
        await AnswersAsync(second, "other");
        // Nobody has given it up so far.
        Assert.Equal(("Warming Up", "probing"), await StatusAndPhaseAsync(second, "hangs"));
        Assert.Contains(hung, second.Engines());

        await AnswersAsync(second, "hangs");
        Assert.DoesNotContain(hung, second.Engines());
        Assert.Equal(2, second.Engines().Count);
    }

    [Fact]
    public async Task EngineThatDiedWithTheServerInTheMiddleOfItsStart_IsTold()
    {
        var yaml = Configs.Catalog(Configs.Model("starts", more: "--sim-load-weights, 60s"));
        var first = await PodvirtProcess.StartAsync(yaml);
        var request = first.ChatAsync("starts", stream: false);
        await UntilStateAsync(first, "starts", "starting");
        await Until.TrueAsync(() => Task.FromResult(first.Engines().Count == 1), () => first.Output);
        var engine = Assert.Single(first.Engines());
        await KillAsync(first);
        await Assert.ThrowsAsync<HttpRequestException>(() => request);
        using (var process = Process.GetProcessById(engine))
        {
            process.Kill();
        }

        await using var second = await PodvirtProcess.StartAsync(yaml, first.Data);
        List<JsonObject> told = [];
        await Until.TrueAsync(async () => (told = await TransitionsAsync(second, "starts")).Count > 0, () => second.Output);
        var lost = Assert.Single(told);
        Assert.Equal(
            ("starting", "lost", null, "restart", "its start was under way when an earlier run ended"),
            ((string)lost["from"]!, (string)lost["trigger"]!, (string?)lost["to"], (string)lost["cause"]!, (string)lost["reason"]!));
        Assert.Empty(second.Engines());
    }

    private static async Task AnswersAsync(PodvirtProcess server, string model)
    {
        using var response = await server.ChatAsync(model, stream: false, more: new { max_tokens = 4 });
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{model}: {response.StatusCode}\n{server.Output}");
    }

    private static async Task KillAsync(PodvirtProcess server)
    {
        server.KillHard();
        await server.WaitForExitAsync(TimeSpan.FromSeconds(10));
    }

    private static Task UntilStateAsync(PodvirtProcess server, string model, string state) => Until.TrueAsync(
        async () => (await server.Admin.GetFromJsonAsync<JsonObject>("api/replicas"))!["data"]!.AsArray()
            .Any(replica => (string)replica!["model"]! == model && (string)replica["state"]! == state),
        () => $"{model} was never {state}:\n{server.Output}");

    private static async Task<(string Status, string? Phase)> StatusAndPhaseAsync(PodvirtProcess server, string model)
    {
        var shown = await server.ModelAsync(model);
        return ((string)shown["status"]!, (string?)shown["warm_up"]?["phase"]);
    }

    private static async Task<List<JsonObject>> TransitionsAsync(PodvirtProcess server, string model) =>
        [.. (await server.Admin.GetFromJsonAsync<JsonObject>($"api/transitions?model={model}"))!["data"]!.AsArray().Select(told => told!.AsObject())];

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
