using System.Text.Json;
using Podvirt.Core.Models;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>Engines have paths that put them to sleep, load code and run it: none of them is there, however it is spelled.</summary>
public sealed class UnknownPathTests
{
    private const string Body = """{"model":"m","messages":[{"role":"user","content":"hi"}],"prompt":"hi","input":"hi","lora_name":"x","lora_path":"/x","method":"reload_weights"}""";

    // Of vLLM and vllm-omni.
    private static readonly string[] s_engines =
    [
        "/sleep", "/sleep?level=2&mode=abort", "/wake_up", "/wake_up?tags=weights", "/is_sleeping", "/collective_rpc", "/reset_prefix_cache", "/reset_mm_cache",
        "/reset_encoder_cache", "/server_info", "/metrics", "/health", "/ping", "/load", "/version", "/docs", "/redoc", "/openapi.json", "/start_profile", "/stop_profile",
        "/pause", "/resume", "/is_paused", "/scale_elastic_ep", "/is_scaling_elastic_ep", "/invocations", "/pooling", "/classify", "/tokenizer_info",
        "/init_weight_transfer_engine", "/update_weights", "/get_world_size", "/abort_requests", "/inference/v1/generate", "/v1/load_lora_adapter",
        "/v1/unload_lora_adapter", "/v1/completions/render", "/v1/chat/completions/render", "/v1/audio/transcriptions", "/v1/audio/translations", "/v1/audio/voices",
        "/v1/images/generations", "/v1/realtime", "/v1/omni/sleep", "/v1/omni/wakeup", "/v2/embed", "/v2/chat", "/cohere/v2/rerank", "/sim/faults", "/sim/state",
    ];

    // Ways to spell a path that a careless proxy would pass on, or join to another one.
    private static readonly string[] s_spellings =
    [
        "/v1/../sleep", "/v1/%2e%2e/sleep", "/v1/.%2E/collective_rpc", "/v1/chat/completions/../../../sleep", "/v1/chat/completions/..%2f..%2fsleep",
        "/v1/chat/completions%2F..%2F..%2F..%2Fsleep", "/v1/chat%2Fcompletions", "/v1%2Fchat%2Fcompletions", "/%2Fv1/chat/completions", "//v1/chat/completions",
        "/v1//chat/completions", "/v1/chat//completions", "//sleep", "/./sleep", "/v1/./../sleep", "/v1/models/../../sleep", "/v1/models%2F..%2F..%2Fsleep",
        "/v1/chat/completions/sleep", "/v1/chat/completions;/sleep", "/v1/chat/completions%3F/sleep", "/v1/chat/completions%00", "/v1/chat/completions%20",
        "/v1/chat/completions%0d%0aX:%20y", "/v1/chat\\completions", "/v1\\..\\sleep", "/v1/%5c..%5csleep", "/v1/chat/completions.", "/v1/chat.completions", "/v1",
        "/v1/", "/v2", "/v2/rerank/x", "/v3/chat/completions", "/V1/sleep", "/tokenize/..%2fsleep", "/tokenize/sleep", "/rerank/../sleep", "/score%2f..%2fsleep",
        "/v1/rerank/../../collective_rpc", "/v1/tokenize", "/v1/detokenize", "/v2/score", "/audio/speech", "/v1/audio", "/v1/audio/speech/..%2f..%2f..%2fsleep",
        "http://127.0.0.1:1/sleep", "http://engine/v1/load_lora_adapter",
    ];

    // Paths with a name in them that somebody made up.
    private static readonly string[] s_names =
    [
        "/v1/models/..%2f..%2fsleep", "/v1/models/%2e%2e%2f%2e%2e%2fsleep", "/v1/responses/..%2f..%2fsleep", "/v1/responses/..%2F..%2F..%2Fcollective_rpc%3F", "/v1/responses/x/../../../sleep",
        "/v1/responses/..%2f..%2fsleep/cancel", "/v1/responses/resp_%0d%0aX:%20y", "/v1/responses/%2e%2e/cancel", "/v1/videos/..%2f..%2fsleep", "/v1/videos/..%2f..%2fsleep/content",
    ];

    [Fact]
    public async Task PathsOfEnginesAndOddSpellings_ReachNoEngine()
    {
        await using var engine = new FakeEngine();
        await using var host = await ServingAsync(engine);
        foreach (var target in s_engines.Concat(s_spellings).Concat(s_names))
        {
            foreach (var method in (string[])["POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
            {
                var (status, text) = await AskAsync(host, method, target);

                // What is no path at all the host itself refuses.
                var isRefused = status is 404 or 405 || (status == 400 && text.Length == 0);
                Assert.True(isRefused, $"{method} {target}: {status} {text}");
                AssertShape(method, target, status, text, isUnknown: !s_names.Contains(target));
            }
        }
        Assert.Equal((0, 0), (engine.AcceptedConnections, engine.Calls.Count));
        Assert.Empty(host.Outbox.Records);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "/v1/chat/completions")]
    [InlineData("/v1/chat/completions?level=2&path=/sleep", "/v1/chat/completions")]
    [InlineData("/v1/%63hat/completions", "/v1/chat/completions")]
    [InlineData("/V1/Chat/Completions/", "/v1/chat/completions")]
    [InlineData("/x/../v1/completions", "/v1/completions")]
    [InlineData("/sleep/../tokenize", "/tokenize")]
    public async Task PathSpelledOddly_ReachesTheEngineAsPodvirtSpellsIt(string target, string path)
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, "{}"));
        await using var host = await ServingAsync(engine);
        var body = path == "/v1/chat/completions" ? Calls.PlainBody : """{"model":"m","prompt":"hi"}""";
        Assert.Equal(200, (await AskAsync(host, "POST", target, body)).Status);
        Assert.Equal($"POST {path} HTTP/1.1", engine.LastCall.RequestLine);
    }

    [Theory]
    [InlineData("/tokenize")]
    [InlineData("/detokenize")]
    [InlineData("/rerank")]
    [InlineData("/v2/rerank")]
    [InlineData("/score")]
    [InlineData("/v1/audio/speech")]
    public async Task KeyMissingOnAPathThatEnginesDoNotGuard_Is401(string path)
    {
        await using var engine = new FakeEngine();
        await using var host = await ServingAsync(engine);
        foreach (var secret in (string[])["", "Authorization: Bearer pv-wrong\r\n"])
        {
            var (status, text) = await AskAsync(host, "POST", path, """{"model":"m","prompt":"hi"}""", secret);
            Assert.Equal(401, status);
            Assert.Contains("invalid_api_key", text, StringComparison.Ordinal);
        }
        Assert.Empty(engine.Calls);
    }

    private static async Task<GatewayHost> ServingAsync(FakeEngine engine)
    {
        var host = await GatewayHost.StartAsync();
        await host.PublishAsync(
            Routes.Active("m", [engine]), Routes.Active("e", [engine], type: ModelType.Embedding), Routes.Active("sleep", [engine]));
        return host;
    }

    private static void AssertShape(string method, string target, int status, string text, bool isUnknown)
    {
        if (status == 400)
        {
            return;
        }
        var error = JsonDocument.Parse(text).RootElement.GetProperty("error");
        var code = error.GetProperty("code").GetString();
        Assert.True(status == 405 ? code == "wrong_method" : !isUnknown || code == "unknown_path", $"{method} {target}: {code}");
        Assert.True(error.GetProperty("message").GetString()!.Length > 0, $"{method} {target}");
    }

    // Byte for byte: client libraries mend paths before they send them.
    private static async Task<(int Status, string Text)> AskAsync(
        GatewayHost host, string method, string target, string body = Body, string key = $"Authorization: Bearer {GatewayHost.Secret}\r\n")
    {
        using var client = await RawClient.ConnectAsync(host);
        await client.SendAsync($"{method} {target} HTTP/1.1\r\nHost: x\r\n{key}Connection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        var answer = await client.ReadToEndAsync();
        var end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && end > 0, $"{method} {target}: {answer}");
        return (int.Parse(answer[9..12], System.Globalization.CultureInfo.InvariantCulture), answer[(end + 4)..]);
    }
}
