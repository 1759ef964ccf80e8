using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Responses;

public sealed partial class ResponseStreamTests
{
    private const string Path = "/v1/responses";

    [Fact]
    public async Task Stream_HasTheEnginesExactEvents()
    {
        await using var engine = await InProcessEngine.StartAsync();
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, """{"model":"m","input":"hello there","max_output_tokens":2,"stream":true}""");
        Assert.Equal("text/event-stream; charset=utf-8", stream.Response.Content.Headers.ContentType!.ToString());
        var events = (await stream.RestAsync()).ConvertAll(next => (next.Type, Masked(next.Data)));
        Assert.Equal(
        [
            ("response.created", Whole("in_progress", "", "null", "null", 0, "created")),
            ("response.in_progress", Whole("in_progress", "", "null", "null", 1, "in_progress")),
            ("response.output_item.added", """{"item":{"id":"@","content":[],"role":"assistant","status":"in_progress","type":"message"},"output_index":0,"sequence_number":2,"type":"response.output_item.added"}"""),
            ("response.content_part.added", """{"content_index":0,"item_id":"@","output_index":0,"part":{"annotations":[],"text":"","type":"output_text","logprobs":null},"sequence_number":3,"type":"response.content_part.added"}"""),
            ("response.output_text.delta", """{"content_index":0,"delta":"@","item_id":"@","logprobs":[],"output_index":0,"sequence_number":4,"type":"response.output_text.delta"}"""),
            ("response.output_text.delta", """{"content_index":0,"delta":"@","item_id":"@","logprobs":[],"output_index":0,"sequence_number":5,"type":"response.output_text.delta"}"""),
            ("response.output_text.done", """{"content_index":0,"item_id":"@","logprobs":[],"output_index":0,"text":"@","sequence_number":6,"type":"response.output_text.done"}"""),
            ("response.content_part.done", """{"content_index":0,"item_id":"@","output_index":0,"part":{"annotations":[],"text":"@","type":"output_text","logprobs":null},"sequence_number":7,"type":"response.content_part.done"}"""),
            ("response.output_item.done", $$"""{"item":{{Item}},"output_index":0,"sequence_number":8,"type":"response.output_item.done"}"""),
            ("response.completed", Whole("incomplete", Item, """{"reason":"max_output_tokens"}""", Usage, 9, "completed")),
        ], events);
    }

    [Theory]
    [InlineData("--no-sim-content-parts", "response.reasoning_part")]
    [InlineData("--sim-content-parts", "response.content_part")]
    public async Task Thinking_IsAnItemOfItsOwn(string option, string part)
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-thinking", "--reasoning-parser", "qwen3", option);
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, """{"input":"Why is the sky blue?","stream":true}""");
        var events = await stream.RestAsync();
        var response = JsonNode.Parse(events[^1].Data)!["response"]!;
        Assert.Equal("completed", (string?)response["status"]);
        Assert.Equal(part + ".added", events[3].Type);
        Assert.Contains(events, next => next.Type == part + ".done" && next.Data.Contains("reasoning_text", StringComparison.Ordinal));
        Assert.Equal(["reasoning", "message"], response["output"]!.AsArray().Select(item => (string)item!["type"]!));
        Assert.Equal(
            (string?)response["output"]![0]!["content"]![0]!["text"],
            TypedEventStream.Text(events, "response.reasoning_text.delta", data => data["delta"]));
        Assert.Equal(
            (string?)response["output"]![1]!["content"]![0]!["text"],
            TypedEventStream.Text(events, "response.output_text.delta", data => data["delta"]));
        var thinking = (int)response["usage"]!["output_tokens_details"]!["reasoning_tokens"]!;
        Assert.InRange(thinking, 10, (int)response["usage"]!["output_tokens"]! - 10);
        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(next => (int)JsonNode.Parse(next.Data)!["sequence_number"]!));
    }

    [Fact]
    public async Task Created_ComesLongBeforeTheFirstToken()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-ttft", "10m");
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, """{"input":"hi","stream":true}""");
        Assert.Equal("response.created", (await stream.NextAsync())!.Value.Type);
        Assert.Equal("response.in_progress", (await stream.NextAsync())!.Value.Type);
    }

    [Fact]
    public async Task EngineFailure_EndsTheStreamWithoutAnEvent()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "error-mid-stream");
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, """{"input":"hi","stream":true}""");
        var last = "";
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await stream.NextAsync() is { } next)
            {
                last = next.Type;
            }
        });
        Assert.Equal("response.output_text.delta", last);
        Assert.Equal(500, (int)(await engine.Client.SendAsync(Path, """{"input":"hi"}""")).Status);
    }

    [Fact]
    public async Task SleepingEngine_CompletesWithWhatItHas()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-token-time", "5ms");
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, """{"input":"hi","stream":true,"ignore_eos":true}""");
        while (await stream.NextAsync() is not { Type: "response.output_text.delta" })
        {
        }

        await engine.Client.SendAsync("/sleep?mode=abort");
        var response = JsonNode.Parse((await stream.RestAsync())[^1].Data)!["response"]!;
        Assert.Equal("completed", (string?)response["status"]);
        Assert.InRange((int)response["usage"]!["output_tokens"]!, 1, 20_000);
    }

    [Fact]
    public async Task ClientThatLeaves_EndsTheGeneration()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-token-time", "5ms");
        var stream = await TypedEventStream.PostAsync(engine.Client, Path, """{"input":"hi","stream":true,"ignore_eos":true}""");
        await stream.NextAsync();
        stream.Dispose();
        await engine.Client.UntilAsync("aborted", "1");
    }

    private const string Item =
        """{"id":"@","content":[{"annotations":[],"text":"@","type":"output_text","logprobs":null}],"role":"assistant","status":"completed","type":"message"}""";

    private const string Usage =
        """{"input_tokens":5,"input_tokens_details":{"cached_tokens":0,"input_tokens_per_turn":[],"cached_tokens_per_turn":[]},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0,"tool_output_tokens":0,"output_tokens_per_turn":[],"tool_output_tokens_per_turn":[]},"total_tokens":7}""";

    private static string Whole(string status, string output, string incomplete, string usage, int number, string type) =>
        $$"""
        {"response":{"id":"@","created_at":1,"incomplete_details":{{incomplete}},"instructions":null,"metadata":null,"model":"m","object":"response",
        "output":[{{output}}],"parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"background":false,
        "max_output_tokens":2,"max_tool_calls":null,"previous_response_id":null,"prompt":null,"reasoning":null,"service_tier":"auto",
        "status":"{{status}}","text":null,"top_logprobs":null,"truncation":"disabled","usage":{{usage}},"user":null,
        "input_messages":null,"output_messages":null},"sequence_number":{{number}},"type":"response.{{type}}"}
        """.ReplaceLineEndings("");

    private static string Masked(string json) => Changing().Replace(Created().Replace(json, "\"created_at\":1"), "\"$1\":\"@\"");

    [GeneratedRegex("\"(id|item_id|text|delta)\":\"[^\"]+\"")]
    private static partial Regex Changing();

    [GeneratedRegex("\"created_at\":[0-9]+")]
    private static partial Regex Created();
}
