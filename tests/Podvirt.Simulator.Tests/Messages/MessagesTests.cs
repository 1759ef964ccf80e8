using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Messages;

public sealed partial class MessagesTests
{
    private const string Path = "/v1/messages";

    [Fact]
    public async Task PlainReply_HasItsMembersAndNoNulls()
    {
        await using var engine = await InProcessEngine.StartAsync();
        engine.Client.Http.DefaultRequestHeaders.Add("X-Request-Id", "abc");
        var (_, body) = await engine.Client.SendAsync(Path, Body("hello there", 1));
        Assert.Equal(
            """
            {"id":"chatcmpl-abc","type":"message","role":"assistant","content":[{"type":"text","text":"@"}],"model":"m","stop_reason":"max_tokens",
            "usage":{"input_tokens":5,"output_tokens":1}}
            """.ReplaceLineEndings(""),
            Masked(body));
    }

    [Fact]
    public async Task Stream_HasTheEnginesExactEvents()
    {
        await using var engine = await InProcessEngine.StartAsync();
        engine.Client.Http.DefaultRequestHeaders.Add("X-Request-Id", "abc");
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, Body("hello there", 2, ",\"stream\":true"));
        Assert.Equal("text/event-stream; charset=utf-8", stream.Response.Content.Headers.ContentType!.ToString());
        var events = (await stream.RestAsync()).ConvertAll(next => (next.Type, Masked(next.Data)));
        Assert.Equal(
        [
            ("message_start", """{"type":"message_start","message":{"id":"chatcmpl-abc","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":0}}}"""),
            ("content_block_start", """{"type":"content_block_start","content_block":{"type":"text","text":""},"index":0}"""),
            ("content_block_delta", """{"type":"content_block_delta","delta":{"type":"text_delta","text":"@"},"index":0}"""),
            ("content_block_delta", """{"type":"content_block_delta","delta":{"type":"text_delta","text":"@"},"index":0}"""),
            ("content_block_stop", """{"type":"content_block_stop","index":0}"""),
            ("message_delta", """{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"input_tokens":5,"output_tokens":2}}"""),
            ("message_stop", """{"type":"message_stop"}"""),
        ], events);
    }

    [Fact]
    public async Task OtherServers_PingAndEndWithAMarker()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-messages-ping", "--sim-messages-done");
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, Body("hi", 1, ",\"stream\":true"));
        var events = await stream.RestAsync();
        Assert.Equal(("ping", """{"type":"ping"}"""), events[1]);
        Assert.Equal(("", "[DONE]"), events[^1]);
    }

    [Fact]
    public async Task SystemAndBlocks_AreThePromptOfTheChat()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var chat = await engine.Client.JsonAsync("/v1/chat/completions",
            """{"temperature":0,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Why do cats purr?"}]}""");
        foreach (var system in (string[])["\"Be brief.\"", """[{"type":"text","text":"Be "},{"type":"text","text":"brief."}]"""])
        {
            var reply = await engine.Client.JsonAsync(Path,
                $$"""{"model":"m","max_tokens":500,"temperature":0,"system":{{system}},"messages":[{"role":"user","content":[{"type":"text","text":"Why do cats purr?"}]}]}""");
            Assert.Equal((string?)chat["choices"]![0]!["message"]!["content"], (string?)reply["content"]![0]!["text"]);
            Assert.Equal((int)chat["usage"]!["prompt_tokens"]!, (int)reply["usage"]!["input_tokens"]!);
            Assert.Equal("end_turn", (string?)reply["stop_reason"]);
        }
    }

    [Fact]
    public async Task CountedTokens_AreWhatTheMessageCosts()
    {
        await using var engine = await InProcessEngine.StartAsync();
        const string Messages = """
            "messages":[{"role":"user","content":[{"type":"text","text":"hello there"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]}]
            """;
        var count = await engine.Client.JsonAsync(Path + "/count_tokens", $$"""{"model":"m",{{Messages}}}""");
        Assert.Equal("""{"input_tokens":261,"context_management":{"original_input_tokens":261}}""", count.ToJsonString());
        var reply = await engine.Client.JsonAsync(Path, $$"""{"model":"m","max_tokens":1,{{Messages}}}""");
        Assert.Equal(261, (int)reply["usage"]!["input_tokens"]!);
    }

    [Fact]
    public async Task StopSequence_EndsTheTurn()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var whole = (string)(await engine.Client.JsonAsync(Path, Body("Why do rivers meander?", 900, ",\"temperature\":0")))["content"]![0]!["text"]!;
        var stop = JsonValue.Create(whole[20..36])!.ToJsonString();
        var cut = await engine.Client.JsonAsync(Path, Body("Why do rivers meander?", 900, $",\"temperature\":0,\"stop_sequences\":[{stop}]"));
        Assert.Equal(whole[..20], (string?)cut["content"]![0]!["text"]);
        Assert.Equal("end_turn", (string?)cut["stop_reason"]);
    }

    [Fact]
    public async Task Thinking_IsABlockOfItsOwnWithASignature()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-thinking", "--reasoning-parser", "qwen3");
        var reply = await engine.Client.JsonAsync(Path, Body("Why is the sky blue?", 900, ",\"temperature\":0"));
        Assert.Equal(["thinking", "text"], reply["content"]!.AsArray().Select(block => (string)block!["type"]!));
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, Body("Why is the sky blue?", 900, ",\"temperature\":0,\"stream\":true"));
        var events = await stream.RestAsync();
        Assert.Equal((string?)reply["content"]![0]!["thinking"], TypedEventStream.Text(events, "content_block_delta", data => data["delta"]!["thinking"]));
        Assert.Equal((string?)reply["content"]![1]!["text"], TypedEventStream.Text(events, "content_block_delta", data => data["delta"]!["text"]));
        var signature = events.FindIndex(next => next.Data.Contains("signature_delta", StringComparison.Ordinal));
        Assert.Equal("""{"type":"content_block_stop","index":0}""", events[signature + 1].Data);
        Assert.Equal("""{"type":"content_block_start","content_block":{"type":"text","text":""},"index":1}""", events[signature + 2].Data);
    }

    [Theory]
    [InlineData("""{"max_tokens":5,"messages":[]}""", 400, """{"error":{"message":"Field required: model","type":"Bad Request","param":"model","code":400}}""")]
    [InlineData("""{"model":"m","messages":[]}""", 400, """{"error":{"message":"Field required: max_tokens","type":"Bad Request","param":"max_tokens","code":400}}""")]
    [InlineData("""{"model":"m","max_tokens":5,"messages":[]}""", 400, """{"type":"error","error":{"type":"BadRequestError","message":"messages must hold at least one message."}}""")]
    [InlineData("""{"model":"x","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}""", 404, """{"type":"error","error":{"type":"NotFoundError","message":"The model `x` does not exist."}}""")]
    public async Task WrongRequest_IsAnErrorInTheRightShape(string body, int status, string error)
    {
        await using var engine = await InProcessEngine.StartAsync();
        var (answered, text) = await engine.Client.SendAsync(Path, body);
        Assert.Equal((status, error), ((int)answered, text));
    }

    [Fact]
    public async Task Faults_HitMessagesAsTheyHitChat()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "error-mid-stream");
        using (var stream = await TypedEventStream.PostAsync(engine.Client, Path, Body("hi", 50, ",\"stream\":true")))
        {
            Assert.Equal(
                ("error", """{"type":"error","error":{"type":"internal_error","message":"EngineCore encountered an issue."}}"""),
                (await stream.RestAsync())[^1]);
        }

        await engine.Client.Http.DeleteAsync("/sim/faults");
        await engine.Client.SendAsync("/sim/faults", """{"name":"error-status","arg":503,"times":1}""");
        var (status, body) = await engine.Client.SendAsync(Path, Body("hi", 50));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.StartsWith("{\"type\":\"error\",\"error\":{\"type\":\"InternalServerError\"", body, StringComparison.Ordinal);
        await engine.Client.SendAsync("/sim/faults", """{"name":"no-usage","times":1}""");
        Assert.Null((await engine.Client.JsonAsync(Path, Body("hi", 1)))["usage"]);
        await engine.Client.SendAsync("/sim/faults", """{"name":"cut-stream","times":1}""");
        using var cut = await TypedEventStream.PostAsync(engine.Client, Path, Body("hi", 50, ",\"stream\":true"));
        await Assert.ThrowsAnyAsync<IOException>(cut.RestAsync);
    }

    [Fact]
    public async Task SleepingEngine_EndsTheStreamWithoutAReason()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-token-time", "5ms");
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, Body("hi", 5_000, ",\"stream\":true"));
        await stream.NextAsync();
        await engine.Client.SendAsync("/sleep?mode=abort");
        var events = await stream.RestAsync();
        Assert.StartsWith("""{"type":"message_delta","delta":{"stop_reason":null},"usage":{"input_tokens":4,""", events[^2].Data, StringComparison.Ordinal);
        Assert.Equal("message_stop", events[^1].Type);
    }

    [Fact]
    public async Task ClientThatLeaves_EndsTheGeneration()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-token-time", "5ms", "--sim-tokens-min", "30000");
        var stream = await TypedEventStream.PostAsync(engine.Client, Path, Body("hi", 30_000, ",\"stream\":true"));
        await stream.NextAsync();
        stream.Dispose();
        await engine.Client.UntilAsync("aborted", "1");
    }

    private static string Body(string question, int tokensMax, string more = "") =>
        $$"""{"model":"m","max_tokens":{{tokensMax}},"messages":[{"role":"user","content":"{{question}}"}]{{more}}}""";

    private static string Masked(string json) => AnyText().Replace(json, "\"text\":\"@\"");

    [GeneratedRegex("\"text\":\"[^\"]+\"")]
    private static partial Regex AnyText();
}
