using System.Text.RegularExpressions;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>A server with one model for every situation that the console shows. Tests that need a cold model, or count its requests, have it to themselves.</summary>
public sealed partial class ConsoleServer : IAsyncLifetime
{
    public const string Thinker = "qwen3-8b";
    public const string Coder = "acme/coder-1.5";
    public const string Sleeper = "sleeper";
    public const string Starter = "starter";
    public const string Talker = "talker";
    public const string Mortal = "mortal";
    public const string Steady = "steady";
    public const string Marathon = "marathon";
    public const string Broken = "broken";
    public const string Unreachable = "house-model";
    public const string Embedder = "bge-m3";
    public const string Painter = "wan-t2v";

    /// <summary>Less than any request needs.</summary>
    public const string SpentPlan = "spent";

    /// <summary>Nothing listens on the discard port.</summary>
    private const string NoAddress = "http://127.0.0.1:9";

    private const string Load = "--sim-load-weights, 1s, --sim-load-compile, 300ms, --sim-load-graphs, 200ms";

    private static readonly string s_catalog = string.Concat(
        "gpus:\n  simulated: { count: 2, type: H100, memory: 80GiB }\nmodels:\n",
        Model(Thinker, "Qwen", "Qwen3 8B", "chat", $"{Load}, --reasoning-parser, qwen3, --sim-thinking, --sim-token-time, 6ms"),
        Model(Coder, "Acme", "Coder 1.5", "code", $"{Configs.Quick}, --sim-token-time, 4ms"),
        Model(Sleeper, "Tests", "Sleeper", "chat", Load, "{ sleep_after: 1s, stop_after: 10m }"),
        Model(Starter, "Tests", "Starter", "chat", Load),
        Model(Talker, "Tests", "Slow Talker", "chat", $"{Load}, --sim-token-time, 60ms"),
        Model(Mortal, "Tests", "Mortal", "chat", $"{Configs.Quick}, --sim-token-time, 30ms"),
        Model(Steady, "Tests", "Steady", "chat", $"{Configs.Quick}, --sim-token-time, 25ms"),
        Model(Marathon, "Tests", "Marathon", "chat", $"{Configs.Quick}, --sim-token-time, 60us, --sim-tokens-min, 100000, --max-model-len, 200000"),
        Model(Broken, "Tests", "Broken", "chat", $"{Configs.Quick}, --sim-fault, fail-start"),
        Model(Embedder, "BAAI", "BGE M3", "embedding", Configs.Quick),
        Model(Painter, "Wan", "Wan 2.2", "video-generation", Configs.Quick),
        $"  - id: {Unreachable}\n    vendor: Elsewhere\n    name: House Model\n    type: chat\n",
        $"    engine: {{ kind: external, url: \"{NoAddress}\", served_as: llama }}\n",
        $"plans:\n  - id: {SpentPlan}\n    tokens_per_month: {{ default: 1 }}\n");

    private PodvirtProcess? _process;

    public PodvirtProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>The one-time link of the banner.</summary>
    public async Task<string> BannerLinkAsync()
    {
        await Until.TrueAsync(() => Task.FromResult(Link().IsMatch(Process.Output)), () => $"No link in the banner:\n{Process.Output}");
        return Link().Match(Process.Output).Value;
    }

    /// <summary>kill -9 for the engine of one model.</summary>
    public void KillEngine(string model)
    {
        var id = Process.Engines().Single(e => File.ReadAllText($"/proc/{e}/cmdline").Contains($"--served-model-name\0{model}\0", StringComparison.Ordinal));
        using var engine = System.Diagnostics.Process.GetProcessById(id);
        engine.Kill();
    }

    public async ValueTask InitializeAsync() => _process = await PodvirtProcess.StartAsync(s_catalog);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private static string Model(string id, string vendor, string name, string type, string args, string idle = "auto") => $$"""
          - id: {{id}}
            vendor: {{vendor}}
            name: {{name}}
            type: {{type}}
            engine: { kind: simulated, model: tests/{{name.Replace(' ', '-')}}, args: [{{args}}] }
            gpu: { count: 1, memory: 12GiB }
            replicas: { max: 1, concurrency: 16 }
            idle: {{idle}}
            price: { prompt: 0.1, cached: 0.02, completion: 0.3 }

        """;

    [GeneratedRegex(@"http://\S+#signin=\S+", RegexOptions.None, 1000)]
    private static partial Regex Link();
}
