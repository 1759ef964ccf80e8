using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Audio;

public sealed class SpeechTests
{
    private const string Text = "Grüße from an old bridge 🚀";

    // 24,000 samples a second of two bytes, for 60 milliseconds a letter.
    private const int BytesPerLetter = 2_880;

    [Fact]
    public async Task Wav_IsAFileThatIsAsLongAsItsText()
    {
        await using var engine = await InProcessEngine.StartAsync();
        using var response = await engine.Client.PostAsync("/v1/audio/speech", $$"""{"model":"m","input":"{{Text}}","voice":"vivian"}""");
        var file = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(("audio/wav", (long)file.Length), (response.Content.Headers.ContentType?.ToString(), response.Content.Headers.ContentLength));
        var sound = Text.Length * BytesPerLetter;
        Assert.Equal(44 + sound, file.Length);
        Assert.Equal(("RIFF", "WAVE", "data"), (Ascii(file, 0), Ascii(file, 8), Ascii(file, 36)));
        Assert.Equal((file.Length - 8, sound), (Whole(file, 4), Whole(file, 40)));
        Assert.Equal((24_000, 48_000), (Whole(file, 24), Whole(file, 28)));
        Assert.Contains(file[44..], value => value != 0);
    }

    [Fact]
    public async Task SameText_SoundsTheSameAndAnotherOneDoesNot()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var one = await BytesAsync(engine, ",\"response_format\":\"pcm\"");
        Assert.Equal(one, await BytesAsync(engine, ",\"response_format\":\"pcm\""));
        Assert.Equal(one.Length, (await BytesAsync(engine, ",\"response_format\":\"pcm\",\"voice\":\"b\"")).Length);
        Assert.NotEqual(one, await BytesAsync(engine, ",\"response_format\":\"pcm\",\"voice\":\"b\""));
        Assert.Equal(one.Length / 2, (await BytesAsync(engine, ",\"response_format\":\"pcm\",\"speed\":2")).Length);
    }

    [Theory]
    [InlineData("wav")]
    [InlineData("pcm")]
    public async Task InPieces_IsTheSameSound(string format)
    {
        await using var engine = await InProcessEngine.StartAsync();
        var whole = await BytesAsync(engine, $",\"response_format\":\"{format}\"");
        using var response = await engine.Client.PostAsync("/v1/audio/speech", $$"""{"input":"{{Text}}","response_format":"{{format}}","stream":true,"stream_format":"audio"}""");
        Assert.True(response.Headers.TransferEncodingChunked);
        Assert.Equal($"audio/{format}", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(whole, await response.Content.ReadAsByteArrayAsync());

        foreach (var wish in (string[])[",\"stream_format\":\"sse\"", ",\"stream\":true"])
        {
            var events = await EventsAsync(engine, $",\"response_format\":\"{format}\"" + wish);
            Assert.Equal(whole, events[..^1].SelectMany(e => Convert.FromBase64String((string)e["audio"]!)));
            Assert.All(events[..^1], e => Assert.Equal(("speech.audio.delta", format), ((string?)e["type"], (string?)e["response_format"])));
            Assert.Equal("speech.audio.done", (string?)events[^1]["type"]);
            var usage = events[^1]["usage"]!;
            Assert.Equal((int)usage["total_tokens"]!, (int)usage["input_tokens"]! + (int)usage["output_tokens"]!);
            Assert.True((int)usage["input_tokens"]! > 0);
        }
    }

    [Theory]
    [InlineData("""{"input":"a","response_format":"mp3"}""", "'wav' or 'pcm'")]
    [InlineData("""{"input":"a","response_format":"midi"}""", "'wav' or 'pcm'")]
    [InlineData("""{"input":" "}""", "empty")]
    [InlineData("""{"input":"a","speed":9}""", "speed")]
    [InlineData("""{"input":"a","stream":true,"speed":2}""", "speed")]
    [InlineData("""{"input":"a","stream_format":"x"}""", "stream_format")]
    [InlineData("""{"input":"a","model":"other"}""", "does not exist")]
    public async Task WhatCannotBeSpoken_IsRefused(string body, string said)
    {
        await using var engine = await InProcessEngine.StartAsync();
        var (status, text) = await engine.Client.SendAsync("/v1/audio/speech", body);
        Assert.InRange((int)status, 400, 404);
        Assert.Contains(said, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ErrorInTheMiddle_IsAnEventOfItsOwn()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", "error-mid-stream");
        var events = await EventsAsync(engine, ",\"stream_format\":\"sse\"");
        Assert.Equal("speech.audio.error", (string?)events[^1]["type"]);
        Assert.Equal(500, (int)events[^1]["error"]!["code"]!);
        Assert.DoesNotContain(events, e => (string?)e["type"] == "speech.audio.done");
    }

    [Theory]
    [InlineData("cut-stream")]
    [InlineData("error-mid-stream")]
    public async Task BytesBreakOff_HaveNoEnd(string fault)
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-fault", fault);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => BytesAsync(engine, ",\"stream_format\":\"audio\""));
    }

    [Fact]
    public async Task EmbeddingModel_SaysNothing()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-type", "embedding");
        Assert.Equal(400, (int)(await engine.Client.SendAsync("/v1/audio/speech", """{"input":"a"}""")).Status);
    }

    private static async Task<byte[]> BytesAsync(InProcessEngine engine, string more)
    {
        using var response = await engine.Client.PostAsync("/v1/audio/speech", $$"""{"input":"{{Text}}"{{more}}}""");
        Assert.Equal(200, (int)response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync();
    }

    // Each event has its type before it, as vllm-omni sends them.
    private static async Task<List<JsonNode>> EventsAsync(InProcessEngine engine, string more)
    {
        var text = Encoding.UTF8.GetString(await BytesAsync(engine, more));
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        return text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e =>
        {
            var lines = e.Split('\n');
            var json = JsonNode.Parse(lines[1]["data: ".Length..])!;
            Assert.Equal($"event: {json["type"]}", lines[0]);
            return json;
        }).ToList();
    }

    private static string Ascii(byte[] bytes, int at) => Encoding.ASCII.GetString(bytes, at, 4);

    private static int Whole(byte[] bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
}
