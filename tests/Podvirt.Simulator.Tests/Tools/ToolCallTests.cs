using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;
using Podvirt.Simulator.Tests.Schemas;

namespace Podvirt.Simulator.Tests.Tools;

public sealed class ToolCallTests
{
    private const string City = """{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":7}},"required":["city","days"]}""";

    private const string Tools =
        $$$$""","tools":[{"type":"function","function":{"name":"get_weather","description":"The weather","parameters":{{{{City}}}} }},{"type":"function","function":{"name":"get_time"}}]""";

    private static readonly string[] _free = ["--enable-auto-tool-choice", "--tool-call-parser", "hermes"];

    [Theory]
    [InlineData("", "tool_calls")]
    [InlineData(",\"tool_choice\":\"required\"", "tool_calls")]
    [InlineData(",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"get_weather\"}}", "stop")]
    public async Task PlainCall_HasAnIdAndValidArguments(string choice, string reason)
    {
        await using var engine = await InProcessEngine.StartAsync(_free);
        var reply = (await engine.Client.ChatAsync("What is the weather in Paris?", Tools + choice))["choices"]![0]!;
        Assert.Equal(reason, (string?)reply["finish_reason"]);
        Assert.Null(reply["message"]!["content"]);
        var call = Assert.Single(reply["message"]!["tool_calls"]!.AsArray())!;
        Assert.Matches("^chatcmpl-tool-[0-9a-f]{16}$", (string)call["id"]!);
        Assert.Equal("function", (string?)call["type"]);
        Assert.Equal("get_weather", (string?)call["function"]!["name"]);
        Assert.True(SchemaJudge.IsValid(City, (string)call["function"]!["arguments"]!));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("64")]
    public async Task StreamedCalls_AreNamedFirstAndArriveInPieces(string tokensPerFrame)
    {
        await using var engine = await InProcessEngine.StartAsync([.. _free, "--sim-tokens-per-frame", tokensPerFrame]);
        const string More = Tools + ",\"temperature\":0";
        using var stream = await engine.Client.ChatStreamAsync("The weather in Paris, and the time?", More + ",\"stream_options\":{\"include_usage\":true}");
        var frames = (await stream.RestAsync())[..^1].ConvertAll(frame => JsonNode.Parse(frame)!);
        var calls = frames[..^1].SelectMany(frame => frame["choices"]![0]!["delta"]!["tool_calls"]?.AsArray() ?? []).ToList();
        foreach (var call in calls.GroupBy(call => (int)call!["index"]!))
        {
            Assert.StartsWith("{\"id\":\"chatcmpl-tool-", call.First()!.ToJsonString(), StringComparison.Ordinal);
            Assert.EndsWith(
                $",\"type\":\"function\",\"index\":{call.Key},\"function\":{{\"name\":\"{(call.Key == 0 ? "get_weather" : "get_time")}\",\"arguments\":\"\"}}}}",
                call.First()!.ToJsonString(), StringComparison.Ordinal);
            Assert.All(call.Skip(1), piece => Assert.Equal(["index", "function"], piece!.AsObject().Select(member => member.Key)));
        }

        Assert.Equal("tool_calls", (string?)frames[^2]["choices"]![0]!["finish_reason"]);
        var plain = await engine.Client.ChatAsync("The weather in Paris, and the time?", More);
        var whole = plain["choices"]![0]!["message"]!["tool_calls"]!.AsArray();
        Assert.Equal(2, whole.Count);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(
                (string?)whole[i]!["function"]!["arguments"],
                string.Concat(calls.Where(call => (int)call!["index"]! == i).Select(call => (string?)call!["function"]!["arguments"])));
        }

        Assert.Equal((int)plain["usage"]!["completion_tokens"]!, (int)frames[^1]["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task ResultOfACall_IsAnsweredAndFoundInThePrefixCache()
    {
        await using var engine = await InProcessEngine.StartAsync(_free);
        var first = await engine.Client.ChatAsync("What is the weather in Paris?", Tools);
        var call = first["choices"]![0]!["message"]!["tool_calls"]!.ToJsonString();
        var second = await engine.Client.JsonAsync("/v1/chat/completions",
            $$$$"""
            {"messages":[{"role":"user","content":"What is the weather in Paris?"},{"role":"assistant","content":null,"tool_calls":{{{{call}}}} },
            {"role":"tool","tool_call_id":"x","content":"21 degrees"}]{{{{Tools}}}} }
            """);
        Assert.NotEmpty((string)second["choices"]![0]!["message"]!["content"]!);
        Assert.Equal((int)first["usage"]!["total_tokens"]! / 16 * 16, (int)second["usage"]!["prompt_tokens_details"]!["cached_tokens"]!);
    }

    [Fact]
    public async Task CapInTheName_LeavesNoCall()
    {
        await using var engine = await InProcessEngine.StartAsync(_free);
        var reply = (await engine.Client.ChatAsync("What is the weather in Paris?", Tools + ",\"max_tokens\":1"))["choices"]![0]!;
        Assert.Empty(reply["message"]!["tool_calls"]!.AsArray());
        Assert.Equal("length", (string?)reply["finish_reason"]);
    }

    [Fact]
    public async Task Tools_CostPromptTokensEvenWhenTheyMayNotBeCalled()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var without = (int)(await engine.Client.ChatAsync("Hi", ",\"max_tokens\":1"))["usage"]!["prompt_tokens"]!;
        var reply = await engine.Client.ChatAsync("What is the weather?", Tools + ",\"tool_choice\":\"none\"");
        Assert.True((int)reply["usage"]!["prompt_tokens"]! > without + 20);
        Assert.NotNull(reply["choices"]![0]!["message"]!["content"]);
    }

    [Fact]
    public async Task CallInAMessage_IsABlockOfItsOwn()
    {
        await using var engine = await InProcessEngine.StartAsync(_free);
        const string Body = $$$$"""
            {"model":"m","max_tokens":200,"temperature":0,"tools":[{"name":"get_weather","input_schema":{{{{City}}}} }],
            "messages":[{"role":"user","content":"What is the weather in Paris?"}]
            """;
        var reply = await engine.Client.JsonAsync("/v1/messages", Body + "}");
        Assert.Equal("tool_use", (string?)reply["stop_reason"]);
        var block = Assert.Single(reply["content"]!.AsArray())!;
        Assert.Equal(("tool_use", "get_weather"), ((string)block["type"]!, (string)block["name"]!));
        Assert.True(SchemaJudge.IsValid(City, block["input"]!.ToJsonString()));
        using var stream = await TypedEventStream.PostAsync(engine.Client, "/v1/messages", Body + ",\"stream\":true}");
        var events = await stream.RestAsync();
        var start = JsonNode.Parse(events[1].Data)!["content_block"]!.AsObject();
        start["id"] = "@";
        Assert.Equal("""{"type":"tool_use","id":"@","name":"get_weather","input":{}}""", start.ToJsonString());
        Assert.True(JsonNode.DeepEquals(block["input"], JsonNode.Parse(
            TypedEventStream.Text(events, "content_block_delta", data => data["delta"]!["partial_json"]))));
        Assert.StartsWith("""{"type":"message_delta","delta":{"stop_reason":"tool_use"}""", events[^2].Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CallInAResponse_IsAnItemOfItsOwn()
    {
        await using var engine = await InProcessEngine.StartAsync(_free);
        const string Body = $$$$"""
            {"temperature":0,"tools":[{"type":"function","name":"get_weather","parameters":{{{{City}}}} }],"input":"What is the weather in Paris?"
            """;
        var item = Assert.Single((await engine.Client.JsonAsync("/v1/responses", Body + "}"))["output"]!.AsArray())!;
        Assert.Equal(("function_call", "get_weather"), ((string)item["type"]!, (string)item["name"]!));
        Assert.True(SchemaJudge.IsValid(City, (string)item["arguments"]!));
        using var stream = await TypedEventStream.PostAsync(engine.Client, "/v1/responses", Body + ",\"stream\":true}");
        var events = await stream.RestAsync();
        Assert.Equal(
            (string?)item["arguments"], TypedEventStream.Text(events, "response.function_call_arguments.delta", data => data["delta"]));
        Assert.Equal(
        [
            "response.created", "response.in_progress", "response.output_item.added", "response.function_call_arguments.delta",
            "response.function_call_arguments.done", "response.output_item.done", "response.completed",
        ], events.Select(next => next.Type).Distinct());
        var answered = await engine.Client.JsonAsync("/v1/responses",
            $$$$"""
            {"input":[{"role":"user","content":"What is the weather in Paris?"},{{{{item.ToJsonString()}}}},
            {"type":"function_call_output","call_id":"x","output":"21 degrees"}],"tools":[{"type":"function","name":"get_weather","parameters":{{{{City}}}} }]}
            """);
        Assert.Equal("message", (string?)answered["output"]![0]!["type"]);
    }
}
