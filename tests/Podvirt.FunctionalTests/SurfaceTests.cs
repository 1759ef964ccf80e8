using System.Globalization;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Podvirt.FunctionalTests;

/// <summary>Every path that engines answer beside chat: what comes back is the engine's, and the ledger has a row for it.</summary>
public sealed class SurfaceTests(SurfaceTests.Server fixture) : IClassFixture<SurfaceTests.Server>
{
    [Fact]
    public async Task EachSurface_IsAnsweredRecordedAndBilledByItsOwnRate()
    {
        var server = fixture.Podvirt;
        var rows = new List<(string Id, string Surface, long Prompt, long Completion, string Source)>();

        // Vectors, as numbers and as bytes, of texts and of tokens.
        var (id, reply) = await server.AskAsync("v1/embeddings", """{"model":"vectors","input":["old bridges","invoices"],"dimensions":8}""");
        var numbers = reply["data"]![1]!["embedding"]!.AsArray().Select(n => (float)n!).ToArray();
        rows.Add((id, "embeddings", Total(reply), 0, "engine"));
        (id, reply) = await server.AskAsync("v1/embeddings", """{"model":"vectors","input":["old bridges","invoices"],"dimensions":8,"encoding_format":"base64"}""");
        Assert.Equal(numbers, MemoryMarshal.Cast<byte, float>(Convert.FromBase64String((string)reply["data"]![1]!["embedding"]!)).ToArray());
        rows.Add((id, "embeddings", Total(reply), 0, "engine"));
        (id, reply) = await server.AskAsync("tokenize", """{"model":"vectors","prompt":"invoices"}""");
        var tokens = reply["tokens"]!.ToJsonString();
        rows.Add((id, "tokenize", 0, 0, "none"));
        (id, reply) = await server.AskAsync("v1/embeddings", $$"""{"model":"vectors","input":[{{tokens}}],"dimensions":8}""");
        Assert.Equal(numbers, reply["data"]![0]!["embedding"]!.AsArray().Select(n => (float)n!));
        rows.Add((id, "embeddings", Total(reply), 0, "engine"));

        // Rankings and scores.
        foreach (var path in (string[])["v1/rerank", "rerank", "v2/rerank"])
        {
            (id, reply) = await server.AskAsync(path, """{"model":"vectors","query":"a stone bridge","documents":["an invoice","the stone bridge"],"top_n":1}""");
            Assert.Equal(1, (int)reply["results"]!.AsArray().Single()!["index"]!);
            rows.Add((id, "rerank", Total(reply), 0, "engine"));
        }
        foreach (var path in (string[])["v1/score", "score"])
        {
            (id, reply) = await server.AskAsync(path, """{"model":"vectors","text_1":"a bridge","text_2":["a bridge","a bill"]}""");
            Assert.True((double)reply["data"]![0]!["score"]! > (double)reply["data"]![1]!["score"]!);
            rows.Add((id, "score", Total(reply), 0, "engine"));
        }

        // Tokens of a chat model, and completions of several prompts.
        (id, reply) = await server.AskAsync("detokenize", $$"""{"model":"chat","tokens":{{tokens}}}""");
        Assert.Equal("invoices", (string)reply["prompt"]!);
        rows.Add((id, "detokenize", 0, 0, "none"));
        (id, reply) = await server.AskAsync("v1/completions", """{"model":"chat","prompt":["Once","Two words"],"n":2,"max_tokens":4}""");
        Assert.Equal([0, 1, 2, 3], reply["choices"]!.AsArray().Select(c => (int)c!["index"]!));
        rows.Add((id, "completions", (long)reply["usage"]!["prompt_tokens"]!, 16, "engine"));
        var streamed = await StreamCompletionsAsync(server, """{"model":"chat","stream":true,"prompt":["Once","Two words"],"n":2,"max_tokens":4}""");
        rows.Add((streamed, "completions", (long)reply["usage"]!["prompt_tokens"]!, 16, "engine"));

        var ofChat = rows.Count(r => r.Surface is "completions" or "detokenize");
        var records = (await server.RecordsAsync(ofChat, "chat")).Concat(await server.RecordsAsync(rows.Count - ofChat, "vectors")).ToDictionary(r => (string)r["id"]!);
        foreach (var row in rows)
        {
            var record = records[row.Id];
            Assert.Equal(
                (row.Surface, row.Prompt, row.Completion, row.Source, "completed"),
                ((string)record["surface"]!, (long)record["prompt_tokens"]!, (long)record["completion_tokens"]!, (string)record["usage_source"]!, (string)record["outcome"]!));

            // USD per million: 0.1 and 0.3 on the chat model, of which completions cache nothing here; 0.5 for what is embedded.
            var isEmbedded = row.Surface is "embeddings" or "rerank" or "score";
            var cached = (long)record["cached_tokens"]!;
            var expected = isEmbedded ? row.Prompt * 0.5m : ((row.Prompt - cached) * 0.1m) + (cached * 0.02m) + (row.Completion * 0.3m);
            Assert.Equal(expected / 1_000_000, decimal.Parse((string)record["cost"]!, CultureInfo.InvariantCulture));
        }
        var sums = (await server.Admin.GetFromJsonAsync<JsonObject>("api/usage?group=model"))!["data"]!.AsArray();
        var vectors = sums.Single(s => (string)s!["group"]! == "vectors")!;
        Assert.Equal(rows.Where(r => r.Surface is "embeddings" or "rerank" or "score").Sum(r => r.Prompt), (long)vectors["embedding_tokens"]!);
        Assert.Equal((long)vectors["prompt_tokens"]!, (long)vectors["embedding_tokens"]!);
        var reconciled = (await server.Admin.GetStringAsync("api/reconcile")).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.Equal(0, (int)JsonNode.Parse(reconciled)!["differences"]!);
    }

    [Fact]
    public async Task Speech_IsAFileThatIsAsLongAsItsText()
    {
        const string Text = "An old bridge of stone.";
        using var response = await fixture.Podvirt.Client.PostAsync("v1/audio/speech", Json($$"""{"model":"voice","input":"{{Text}}"}"""));
        var file = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(("audio/wav", (long)file.Length), (response.Content.Headers.ContentType!.ToString(), response.Content.Headers.ContentLength));
        Assert.Equal("RIFF", Encoding.ASCII.GetString(file, 0, 4));

        using var pieces = await fixture.Podvirt.Client.PostAsync("v1/audio/speech", Json($$"""{"model":"voice","input":"{{Text}}","stream_format":"audio"}"""));
        Assert.True(pieces.Headers.TransferEncodingChunked);
        Assert.Equal(file, await pieces.Content.ReadAsByteArrayAsync());
        var events = await (await fixture.Podvirt.Client.PostAsync(
            "v1/audio/speech", Json($$"""{"model":"voice","input":"{{Text}}","stream_format":"sse"}"""))).Content.ReadAsStringAsync();
        var data = events.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[6..])!).ToList();
        Assert.Equal(file, data[..^1].SelectMany(e => Convert.FromBase64String((string)e["audio"]!)));
        Assert.Equal("speech.audio.done", (string)data[^1]["type"]!);
        var heard = (await fixture.Podvirt.RecordsAsync(3, "voice")).Single(r => (string)r["usage_source"]! == "engine");
        Assert.Equal(
            ("audio.speech", (long)data[^1]["usage"]!["input_tokens"]!, (long)data[^1]["usage"]!["output_tokens"]!),
            ((string)heard["surface"]!, (long)heard["prompt_tokens"]!, (long)heard["completion_tokens"]!));
        await Until.TrueAsync(
            async () => (await fixture.Podvirt.Admin.GetFromJsonAsync<JsonObject>("api/requests?model=voice"))!["data"]!.AsArray()
                .Count(r => ((string)r!["surface"]!, (string)r["usage_source"]!, (string)r["cost"]!) == ("audio.speech", "none", "0.000000000000")) == 2,
            () => "Two speeches without counts are not on the ledger.");
    }

    private static long Total(JsonNode reply) => (long)reply["usage"]!["total_tokens"]!;

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task<string> StreamCompletionsAsync(PodvirtProcess server, string body)
    {
        using var response = await server.Client.PostAsync("v1/completions", Json(body));
        var text = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        return response.Headers.GetValues("x-request-id").Single();
    }

    public sealed class Server : IAsyncLifetime
    {
        public PodvirtProcess Podvirt { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Podvirt = await PodvirtProcess.StartAsync(Configs.Catalog(
                Configs.Model("chat"), Configs.Model("voice"), Configs.Model("vectors", type: "embedding")));
            using var priced = await Podvirt.Admin.PostAsJsonAsync("api/models/vectors/rates", new { prompt = 0.1, embeddings = 0.5 });
            priced.EnsureSuccessStatusCode();
        }

        public ValueTask DisposeAsync() => Podvirt.DisposeAsync();
    }
}

file static class Asking
{
    /// <summary>The request's id and the reply.</summary>
    public static async Task<(string Id, JsonNode Reply)> AskAsync(this PodvirtProcess server, string path, string body)
    {
        using var response = await server.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode} {text}");
        return (response.Headers.GetValues("x-request-id").Single(), JsonNode.Parse(text)!);
    }
}
