using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests.Browser;

/// <summary>A server to be looked at: a catalog as somebody would have it, and what a day of use leaves behind.</summary>
internal static class ShownServer
{
    public const string Thinker = "qwen3-32b";

    private const string Coder = "qwen/qwen3-coder-30b";
    private const string Embedder = "qwen3-embedding-8b";
    private const string Broken = "nightly-build";
    private const string Painter = "wan2.2-t2v";

    private const string Load = "--sim-load-weights, 400ms, --sim-load-compile, 200ms, --sim-load-graphs, 100ms, --sim-ttft, 60ms";

    private static readonly string s_catalog = $$"""
        gpus:
          simulated: { count: 2, type: H100, memory: 80GiB }
        models:
        {{Model(Thinker, "Qwen", "Qwen3 32B", "chat", "40GiB", $"{Load}, --reasoning-parser, qwen3, --sim-thinking, --sim-token-time, 12ms", "{ prompt: 0.10, cached: 0.02, completion: 0.30 }")}}
        {{Model(Coder, "Qwen", "Qwen3 Coder 30B", "code", "60GiB", $"{Load}, --sim-token-time, 8ms", "{ prompt: 0.07, cached: 0.015, completion: 0.27 }")}}
        {{Model("llama-3.3-70b", "Meta", "Llama 3.3 70B", "chat", "30GiB", $"{Load}, --sim-token-time, 9ms", "{ prompt: 0.13, cached: 0.03, completion: 0.40 }")}}
        {{Model(Embedder, "Qwen", "Qwen3 Embedding 8B", "embedding", "18GiB", Load, "{ prompt: 0.01 }")}}
        {{Model(Broken, "Acme", "Nightly Build", "chat", "16GiB", $"{Load}, --sim-fault, fail-start", "{ prompt: 0.05, completion: 0.10 }")}}
        {{Model(Painter, "Wan", "Wan 2.2 Text to Video", "video-generation", "72GiB", $"{Load}, --sim-video-time, 300ms", "{ video_second: 0.05 }")}}
            video: { sizes: ["832x480", "1280x720"], seconds: [4, 8] }

        plans:
          - id: team
            tokens_per_month: { default: 100000, {{Thinker}}: 3000, {{Coder}}: 1200 }
            requests_per_minute: 600
        """;

    /// <summary>Its page has no address of its own for a video that is shown.</summary>
    public static string VideoPath => VideoServer.PathOf(Painter);

    public static Task<PodvirtProcess> StartAsync() => PodvirtProcess.StartAsync(s_catalog);

    /// <summary>Uses it, and says which pages are worth a look afterwards.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> FillAsync(PodvirtProcess server)
    {
        await PostAsync(server, "api/projects", new { name = "Search", plan = "team" });
        await PostAsync(server, "api/members", new { name = "Ada Lovelace", email = "ada@example.com", role = "member", projects = new[] { "search" } });
        await PostAsync(server, "api/members", new { name = "Grace Hopper", email = "grace@example.com", role = "admin", projects = Array.Empty<string>() });
        await PostAsync(server, "api/keys", new { name = "nightly jobs", project = "search", monthly_budget = "25", models = new[] { Coder } });
        await PostAsync(server, "api/keys", new { name = "web", expires_in = "30d", requests_per_minute = 600 });
        var key = (string)(await PostAsync(server, "api/keys", new { name = "search service", project = "search" }))["secret"]!;

        foreach (var (model, count) in ((string, int)[])[(Thinker, 6), (Coder, 5), ("llama-3.3-70b", 4)])
        {
            for (var n = 0; n < count; n++)
            {
                using var answer = await server.ChatAsync(model, stream: n % 2 == 0, $"Question {n} about a harbour town.", new { max_tokens = 60 + (20 * n) });
                await answer.Content.ReadAsByteArrayAsync();
                using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
                {
                    Content = JsonContent.Create(new { model, messages = new[] { new { role = "user", content = "Name a lighthouse." } }, max_tokens = 120 }),
                    Headers = { Authorization = new("Bearer", key) },
                };
                using var ofProject = await server.Client.SendAsync(request);
                await ofProject.Content.ReadAsByteArrayAsync();
            }
        }
        using (var failed = await server.ChatAsync(Broken, stream: false, more: new { max_tokens = 5 }))
        {
            await failed.Content.ReadAsByteArrayAsync();
        }
        await server.UntilStatusAsync(Broken, "Failed");
        await server.RecordsAsync(30);

        // The engine takes no guidance above 20.
        await MakeVideoAsync(server, "A lighthouse keeper climbs the stairs", "failed", new { guidance_scale = 50 });
        await MakeVideoAsync(server, "A lighthouse in a storm, waves break over the rocks", "completed", new { seed = 7 });
        await MakeVideoAsync(server, "A paper boat sails down a rainy street, seen from above", "completed", new { seed = 11 });

        var conversation = await ConverseAsync(server, Thinker, "Why does a lighthouse flash?", "And how far does its light reach?");
        var (first, second) = (await AnswerAsync(server, Thinker), await AnswerAsync(server, "llama-3.3-70b"));
        var records = await server.RecordsAsync(37);
        var cold = records.First(r => (bool)r["cold_start"]! && r["first_token_us"] is not null);
        var invoices = await server.Admin.GetFromJsonAsync<JsonObject>("api/invoices");
        var invoice = (string)invoices!["data"]![0]!["id"]!;
        return new Dictionary<string, string>
        {
            ["catalog"] = ConsolePage.Catalog,
            ["chat"] = $"{ConsolePage.ChatPath(Thinker)}?conversation={conversation}",
            ["video"] = VideoPath,
            ["compare"] = $"/inference/compare?model={Thinker}&model=llama-3.3-70b&answer={first}&answer={second}",
            ["gpu-dashboard"] = "/inference/gpu-dashboard",
            ["api-keys"] = "/inference/api-keys",
            ["usage"] = "/inference/usage",
            ["requests"] = "/inference/usage/requests",
            ["request"] = $"/inference/usage/requests/{cold["id"]}",
            ["rates"] = "/inference/usage/rates",
            ["invoices"] = "/inference/usage/invoices",
            ["invoice"] = $"/inference/usage/invoices/{Uri.EscapeDataString(invoice)}",
            ["members"] = "/inference/members",
        };
    }

    private static async Task MakeVideoAsync(PodvirtProcess server, string prompt, string state, object more)
    {
        var body = JsonSerializer.SerializeToNode(more)!.AsObject();
        (body["model"], body["prompt"], body["seconds"], body["size"]) = (Painter, prompt, "4", "832x480");
        var id = (string)(await PostAsync(server, "api/videos?project=default", body))["id"]!;
        await Until.TrueAsync(
            async () => (string)(await server.Admin.GetFromJsonAsync<JsonObject>($"api/videos/{id}?project=default"))!["status"]! == state, () => $"The video is not {state}.");
    }

    private static async Task<string> ConverseAsync(PodvirtProcess server, string model, params string[] questions)
    {
        var id = (string)(await PostAsync(server, "api/conversations", new { model, project = "default" }))["id"]!;
        string? leaf = null;
        foreach (var content in questions)
        {
            var asked = await PostAsync(server, $"api/conversations/{id}/answers", new { parent = leaf, content });
            leaf = await UntilCompleteAsync(server, asked["answer"]!);
        }
        return id;
    }

    private static async Task<string> AnswerAsync(PodvirtProcess server, string model) => await UntilCompleteAsync(server, await PostAsync(
        server, "api/answers", new { model, project = "default", messages = new[] { new { role = "user", content = "Why does a lighthouse flash?" } } }));

    private static async Task<string> UntilCompleteAsync(PodvirtProcess server, JsonNode answer)
    {
        var id = (string)answer["id"]!;
        await Until.TrueAsync(
            async () => (string)(await server.Admin.GetFromJsonAsync<JsonObject>($"api/answers/{id}"))!["status"]! is "complete", () => "The answer did not end.");
        return id;
    }

    private static async Task<JsonObject> PostAsync(PodvirtProcess server, string path, object body)
    {
        using var response = await server.Admin.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    private static string Model(string id, string vendor, string name, string type, string memory, string args, string price) => $$"""
          - id: {{id}}
            vendor: {{vendor}}
            name: {{name}}
            type: {{type}}
            engine: { kind: simulated, model: {{vendor}}/{{name.Replace(' ', '-')}}, args: [{{args}}] }
            gpu: { count: 1, memory: {{memory}} }
            replicas: { max: 2, concurrency: 32 }
            idle: auto
            price: {{price}}

        """;
}
