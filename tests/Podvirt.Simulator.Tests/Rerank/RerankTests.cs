using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Rerank;

public sealed class RerankTests
{
    [Theory]
    [InlineData("/rerank")]
    [InlineData("/v1/rerank")]
    [InlineData("/v2/rerank")]
    public async Task Documents_ComeByWhatTheyShareWithTheQuery(string path)
    {
        await using var engine = await StartAsync();
        var reply = await engine.Client.JsonAsync(
            path, """{"model":"m","query":"the old stone bridge","documents":["monthly invoices","a bridge of stone, old and long",{"text":"the old stone bridge"}]}""");
        Assert.StartsWith("rerank-", (string?)reply["id"], StringComparison.Ordinal);
        Assert.Equal([2, 1, 0], Results(reply).Select(result => (int)result["index"]!));
        Assert.Equal("the old stone bridge", (string?)Results(reply)[0]["document"]!["text"]);
        Assert.Equal(1, (double)Results(reply)[0]["relevance_score"]!, 4);
        Assert.True((double)Results(reply)[1]["relevance_score"]! > (double)Results(reply)[2]["relevance_score"]! + 0.2);

        // The query counts with each document.
        var tokens = await CountAsync(engine, "the old stone bridge");
        var expected = (4 * tokens) + await CountAsync(engine, "monthly invoices") + await CountAsync(engine, "a bridge of stone, old and long");
        Assert.Equal($$"""{"prompt_tokens":{{expected}},"total_tokens":{{expected}}}""", reply["usage"]!.ToJsonString());
        Assert.Equal(reply["results"]!.ToJsonString(), (await engine.Client.JsonAsync(
            path, """{"query":"the old stone bridge","documents":["monthly invoices","a bridge of stone, old and long","the old stone bridge"]}"""))["results"]!.ToJsonString());
    }

    [Fact]
    public async Task BestOnly_AreAsManyAsAskedFor()
    {
        await using var engine = await StartAsync();
        var reply = await engine.Client.JsonAsync("/v1/rerank", """{"query":{"content":[{"type":"text","text":"b"}]},"documents":["a","b","c"],"top_n":1}""");
        Assert.Equal(1, (int)Assert.Single(Results(reply))["index"]!);
    }

    [Theory]
    [InlineData("""{"text_1":"old bridges","text_2":["old bridges","invoices"]}""", 2)]
    [InlineData("""{"queries":["old bridges","a"],"documents":["old bridges","b"]}""", 2)]
    [InlineData("""{"queries":"old bridges","items":"old bridges"}""", 1)]
    [InlineData("""{"data_1":"old bridges","data_2":["old bridges"]}""", 1)]
    public async Task Scores_StandInTheOrderOfThePairs(string body, int pairs)
    {
        await using var engine = await StartAsync();
        foreach (var path in (string[])["/score", "/v1/score"])
        {
            var reply = await engine.Client.JsonAsync(path, body);
            Assert.StartsWith("score-", (string?)reply["id"], StringComparison.Ordinal);
            var data = reply["data"]!.AsArray();
            Assert.Equal(Enumerable.Range(0, pairs), data.Select(item => (int)item!["index"]!));
            Assert.Equal(("score", 1.0), ((string?)data[0]!["object"], Math.Round((double)data[0]!["score"]!, 4)));
            Assert.All(data.Skip(1), item => Assert.True((double)item!["score"]! < 0.5));
            Assert.True((int)reply["usage"]!["prompt_tokens"]! > 0);
        }
    }

    [Theory]
    [InlineData("/v1/score", """{"text_1":["a","b"],"text_2":["a","b","c"]}""", "1:1, 1:N or N:N")]
    [InlineData("/v1/score", """{"text_1":"a"}""", "queries")]
    [InlineData("/v1/rerank", """{"query":"a","documents":[]}""", "At least one")]
    [InlineData("/v1/rerank", """{"query":"a","documents":[{"content":[{"type":"image_url"}]}]}""", "multimodal")]
    public async Task WhatCannotBeCompared_IsRefused(string path, string body, string said)
    {
        await using var engine = await StartAsync();
        var (status, text) = await engine.Client.SendAsync(path, body);
        Assert.Equal(400, (int)status);
        Assert.Contains(said, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ChatModel_RanksNothing()
    {
        await using var engine = await InProcessEngine.StartAsync();
        Assert.Equal(400, (int)(await engine.Client.SendAsync("/v1/rerank", """{"query":"a","documents":["a"]}""")).Status);
        Assert.Equal(400, (int)(await engine.Client.SendAsync("/score", """{"text_1":"a","text_2":"a"}""")).Status);
    }

    [Fact]
    public async Task NoUsage_IsLeftOut()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-type", "embedding", "--sim-fault", "no-usage");
        Assert.Null((await engine.Client.JsonAsync("/v1/rerank", """{"query":"a","documents":["a"]}"""))["usage"]);
    }

    private static Task<InProcessEngine> StartAsync() => InProcessEngine.StartAsync("--sim-type", "embedding");

    private static JsonNode[] Results(JsonNode reply) => [.. reply["results"]!.AsArray().Select(result => result!)];

    private static async Task<int> CountAsync(InProcessEngine engine, string text) =>
        (int)(await engine.Client.JsonAsync("/tokenize", $$"""{"prompt":"{{text}}"}"""))["count"]!;
}
