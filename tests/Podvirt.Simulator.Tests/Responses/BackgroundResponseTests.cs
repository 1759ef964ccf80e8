using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Responses;

public sealed class BackgroundResponseTests
{
    private const string Path = "/v1/responses";

    [Fact]
    public async Task BackgroundResponse_IsQueuedUntilItIsComplete()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-response-store", "--sim-ttft", "100ms");
        var queued = await engine.Client.JsonAsync(Path, """{"input":"hi","background":true}""");
        Assert.Equal("queued", (string?)queued["status"]);
        Assert.Empty(queued["output"]!.AsArray());
        var path = $"{Path}/{(string?)queued["id"]}";
        await EngineClient.UntilAsync(async () => (string?)(await engine.Client.GetAsync(path))["status"] == "completed", "it is completed");
        Assert.NotEmpty((await engine.Client.GetAsync(path))["output"]!.AsArray());
        var (status, text) = await engine.Client.SendAsync(path + "/cancel");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("Cannot cancel a synchronous response.", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_StopsTheGenerationAndStays()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-response-store", "--sim-token-time", "5ms");
        var path = $"{Path}/{(string?)(await engine.Client.JsonAsync(Path, """{"input":"hi","background":true,"ignore_eos":true}"""))["id"]}";
        await engine.Client.UntilAsync("running", "1");
        var cancelled = await engine.Client.JsonAsync(path + "/cancel", "");
        Assert.Equal("cancelled", (string?)cancelled["status"]);
        await engine.Client.UntilAsync("aborted", "1");
        Assert.Equal("cancelled", (string?)(await engine.Client.GetAsync(path))["status"]);
        Assert.Equal(HttpStatusCode.BadRequest, (await engine.Client.SendAsync(path + "/cancel")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await engine.Client.SendAsync(Path + "/resp_x/cancel")).Status);
    }

    [Fact]
    public async Task ReaderThatLeaves_FindsTheStreamAgain()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-response-store", "--sim-token-time", "2ms");
        var reader = await TypedEventStream.PostAsync(engine.Client, Path, """{"input":"hi","background":true,"stream":true,"max_output_tokens":40}""");
        var created = (await reader.NextAsync())!.Value;
        Assert.Equal("response.created", created.Type);
        reader.Dispose();
        var path = $"{Path}/{(string?)JsonNode.Parse(created.Data)!["response"]!["id"]}";
        using var response = await engine.Client.Http.GetAsync($"{path}?stream=true&starting_after=0", HttpCompletionOption.ResponseHeadersRead);
        using var later = await TypedEventStream.OpenAsync(response);
        var events = await later.RestAsync();
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(next => (int)JsonNode.Parse(next.Data)!["sequence_number"]!));
        Assert.Equal("response.completed", events[^1].Type);
        Assert.Equal(JsonNode.Parse(events[^1].Data)!["response"]!.ToJsonString(), (await engine.Client.GetAsync(path)).ToJsonString());
    }

    [Fact]
    public async Task EngineFailure_IsAFailedResponse()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-response-store", "--sim-fault", "error-mid-stream");
        foreach (var stream in (string[])["false", "true"])
        {
            using var reply = await TypedEventStream.PostAsync(
                engine.Client, Path, $$"""{"input":"hi","background":true,"request_id":"resp_{{stream}}","stream":{{stream}}}""");
            await EngineClient.UntilAsync(
                async () => (string?)(await engine.Client.GetAsync($"{Path}/resp_{stream}"))["status"] == "failed", "it has failed");
        }
    }

    [Fact]
    public async Task StreamOfAForegroundResponse_CannotBeReadAgain()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-response-store");
        var id = (string?)(await engine.Client.JsonAsync(Path, """{"input":"hi","max_output_tokens":1}"""))["id"];
        using var reply = await engine.Client.Http.GetAsync($"{Path}/{id}?stream=true");
        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
    }
}
