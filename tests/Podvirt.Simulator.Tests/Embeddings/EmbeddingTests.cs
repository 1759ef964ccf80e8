using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Embeddings;

public sealed class EmbeddingTests
{
    [Fact]
    public async Task Batch_GetsUnitVectorsInOrderAndUsage()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-type", "embedding");
        var reply = await engine.Client.JsonAsync("/v1/embeddings", """{"model":"m","input":["old bridges","a"]}""");
        Assert.StartsWith("embd-", (string?)reply["id"], StringComparison.Ordinal);
        Assert.Equal("list", (string?)reply["object"]);
        Assert.Equal([0, 1], reply["data"]!.AsArray().Select(item => (int)item!["index"]!));
        Assert.Equal(1, Dot(Vector(reply, 0), Vector(reply, 0)), 4);
        Assert.Equal("""{"prompt_tokens":4,"total_tokens":4,"completion_tokens":0,"prompt_tokens_details":null}""", reply["usage"]!.ToJsonString());
    }

    [Fact]
    public async Task SharedWords_MakeTextsNear()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-type", "embedding");
        var reply = await engine.Client.JsonAsync("/v1/embeddings", """{"input":["the old stone bridge","an old stone Bridge","monthly invoices"]}""");
        Assert.True(Dot(Vector(reply, 0), Vector(reply, 1)) > 0.5);
        Assert.True(Dot(Vector(reply, 0), Vector(reply, 2)) < 0.3);
    }

    [Fact]
    public async Task Base64_HoldsTheSameFloats()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-type", "embedding");
        var floats = await engine.Client.JsonAsync("/v1/embeddings", """{"input":"old bridges","dimensions":8}""");
        var text = await engine.Client.JsonAsync("/v1/embeddings", """{"input":"old bridges","dimensions":8,"encoding_format":"base64"}""");
        var decoded = MemoryMarshal.Cast<byte, float>(Convert.FromBase64String((string)text["data"]![0]!["embedding"]!)).ToArray();
        Assert.Equal(8, decoded.Length);
        Assert.Equal(Vector(floats, 0), decoded);
    }

    [Fact]
    public async Task TokensAsInput_GiveTheSameVector()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-type", "embedding");
        var tokens = (await engine.Client.JsonAsync("/tokenize", """{"prompt":"old bridges"}"""))["tokens"]!.ToJsonString();
        var both = await engine.Client.JsonAsync("/v1/embeddings", $$"""{"input":[{{tokens}},{{tokens}}]}""");
        Assert.Equal(Vector(both, 0), Vector(both, 1));
    }

    [Fact]
    public async Task WrongKindOfModel_IsRefused()
    {
        await using var embedding = await InProcessEngine.StartAsync("--sim-type", "embedding");
        Assert.Equal(400, (int)(await embedding.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hi"))).Status);
        await using var chat = await InProcessEngine.StartAsync();
        Assert.Equal(400, (int)(await chat.Client.SendAsync("/v1/embeddings", """{"input":"a"}""")).Status);
        Assert.Equal(400, (int)(await embedding.Client.SendAsync("/v1/embeddings", """{"input":"a","dimensions":100000}""")).Status);
    }

    private static float[] Vector(JsonNode reply, int index) =>
        [.. reply["data"]![index]!["embedding"]!.AsArray().Select(value => (float)value!)];

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
