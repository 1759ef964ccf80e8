using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>Servers with one model that makes videos, small ones in little time.</summary>
internal static class VideoServer
{
    public const string Painter = "wan-ai/wan2.2-t2v";
    public const string Name = "Wan 2.2";

    /// <summary>The model's page.</summary>
    public static string Path => PathOf(Painter);

    public static string PathOf(string model) => $"{ConsolePage.Catalog}/{Uri.EscapeDataString(model)}/video";

    /// <param name="args">Of the engine, as they stand in a YAML list.</param>
    /// <param name="offer">The model's <c>video</c> member, or nothing.</param>
    public static Task<PodvirtProcess> StartAsync(string args, string offer = "") => PodvirtProcess.StartAsync($$"""
        gpus:
          simulated: { count: 1, type: H100, memory: 80GiB }
        models:
          - id: {{Painter}}
            vendor: Wan
            name: {{Name}}
            type: video-generation
            engine: { kind: simulated, model: tests/wan, args: [{{args}}] }
            gpu: { count: 1, memory: 40GiB }
            replicas: { max: 1, concurrency: 4 }
            price: { video_second: 0.0375 }
        {{(offer.Length == 0 ? "" : $"    video: {offer}")}}
        """);

    /// <summary>Asks for a video as the console does.</summary>
    public static async Task<JsonObject> AskAsync(PodvirtProcess server, string prompt, string project = "default", string seconds = "1")
    {
        using var made = await server.Admin.PostAsJsonAsync(
            $"api/videos?project={project}", new { model = Painter, prompt, seconds, size = "64x64", num_inference_steps = 2 });
        var text = await made.Content.ReadAsStringAsync();
        Assert.True(made.IsSuccessStatusCode, $"{(int)made.StatusCode} {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    public static Task UntilCompletedAsync(PodvirtProcess server, JsonObject job, string project = "default") => Until.TrueAsync(
        async () => (string)(await server.Admin.GetFromJsonAsync<JsonObject>($"api/videos/{job["id"]}?project={project}"))!["status"]! is "completed",
        () => $"The video was not made:\n{server.Output}");

    /// <summary>The engine works as it should from here on.</summary>
    public static async Task HealEngineAsync(PodvirtProcess server)
    {
        var arguments = (await File.ReadAllTextAsync($"/proc/{Assert.Single(server.Engines())}/cmdline")).Split('\0');
        var port = int.Parse(arguments[Array.IndexOf(arguments, "--port") + 1], CultureInfo.InvariantCulture);
        using var engine = new HttpClient();
        using var healed = await engine.DeleteAsync(new Uri($"http://127.0.0.1:{port}/sim/faults"));
        Assert.True(healed.IsSuccessStatusCode);
    }

    /// <summary>An amount as the console shows it: at least two decimals, and no zeros behind them.</summary>
    public static string Money(JsonNode? amount) => decimal.Parse((string)amount!, CultureInfo.InvariantCulture).ToString("$0.00##########", CultureInfo.InvariantCulture);
}
