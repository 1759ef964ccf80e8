using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>A server for the GPU dashboard alone: what its tests count and change is nobody else's.</summary>
public sealed class DashboardServer : IAsyncLifetime
{
    public const string Asked = "org/asked";
    public const string Swapped = "swapped";
    public const string Sleeper = "sleeper";
    public const string Mover = "mover";
    public const string Broken = "broken";

    private PodvirtProcess? _process;

    public PodvirtProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    public async ValueTask InitializeAsync() => _process = await PodvirtProcess.StartAsync(Yaml(""));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    /// <summary>One request to its end, as a stream or not.</summary>
    public async Task AskAsync(string model, bool stream, int tokens)
    {
        using var response = await Process.ChatAsync(model, stream, more: new { max_tokens = tokens, ignore_eos = true });
        Assert.True(response.IsSuccessStatusCode, $"{model}: {response.StatusCode}");
        await response.Content.ReadAsByteArrayAsync();
    }

    /// <summary>Changes how the swapped model is started: its next revision. The old one may serve until the new one does, so it is waited for.</summary>
    public async Task SwapAsync()
    {
        var before = (int)(await Process.ModelAsync(Swapped))["revision"]!;
        await File.WriteAllTextAsync(Path.Combine(Process.Data, "podvirt.yaml"), Yaml("--sim-token-time, 1ms"));
        await Until.TrueAsync(async () => (int)(await Process.ModelAsync(Swapped))["revision"]! == before + 1, () => "The file's change was not taken.");
        await Until.TrueAsync(
            async () => (await GetAsync($"api/replicas?model={Swapped}"))["data"]!.AsArray().All(r => (int)r!["revision"]! > before), () => "A replica of the old revision stayed.");
    }

    public async Task OrderAsync(string model, string order, string status)
    {
        using var response = await Process.Admin.PostAsync($"api/models/{model}/{order}", null);
        Assert.True(response.IsSuccessStatusCode, $"{order} {model}: {response.StatusCode}");
        await Process.UntilStatusAsync(model, status);
    }

    public async Task<JsonObject> GetAsync(string path) => (await Process.Admin.GetFromJsonAsync<JsonObject>(path))!;

    private static string Yaml(string swap) => Configs.Catalog(
        Configs.Model(Asked), Configs.Model(Swapped, more: swap), Configs.Model(Sleeper, idle: "{ sleep_after: 1s, stop_after: 10m }"),
        Configs.Model(Mover), Configs.Model(Broken, more: "--sim-fault, fail-start"));
}
