using System.Text.Json;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>Speech as events, in the words of vllm-omni.</summary>
public sealed class SpeechStreamTests
{
    private const string Path = "/v1/audio/speech";
    private const string Body = """{"model":"m","input":"Hello there","stream_format":"sse"}""";
    private const string Usage = """{"input_tokens":3,"output_tokens":40,"total_tokens":43,"input_token_details":{"text_tokens":3,"audio_tokens":0}}""";

    private static string Sound => Event("speech.audio.delta", "\"audio\":\"UklGRiQA\",\"response_format\":\"wav\"") + Event("speech.audio.delta", "\"audio\":\"AAAA\",\"response_format\":\"wav\"");

    [Theory]
    [InlineData(Body)]
    [InlineData("""{"model":"m","input":"Hello there","stream":true}""")]
    [InlineData("""{"model":"m","input":"Hello there","stream":true,"stream_format":"sse"}""")]
    public async Task Events_PassUntouchedAndTheLastOneCounts(string body)
    {
        var sent = Sound + Event("speech.audio.done", $"\"usage\":{Usage}");
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("text/event-stream; charset=utf-8", sent, Framing.Chunked, chunk: 29).Bytes));
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(Path, body).Within();
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(sent, await response.TextAsync());
        Assert.Equal(body, engine.LastCall.Body);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(("audio.speech", UsageOutcome.Completed, UsageSource.Engine, true), (record.Surface, record.Outcome, record.Source, record.Streamed));
        Assert.Equal(new TokenCounts(3, 0, 40, 0), record.Tokens);
        Assert.NotNull(record.FirstTokenUs);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task StreamWantedAndTheEngineSendsBytes_TheyPassAsBytes()
    {
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("audio/pcm", "not an event at all", Framing.Chunked).Bytes));
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(Path, """{"model":"m","input":"Hello there","stream":true}""").Within();
        Assert.Equal("audio/pcm", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("not an event at all", await response.TextAsync());
        Assert.False((await host.Outbox.SingleAsync()).Streamed);
    }

    [Fact]
    public async Task StreamWithAKeyForRetries_IsSpokenAgain()
    {
        var sent = Sound + Event("speech.audio.done", "");
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("text/event-stream", sent, Framing.Chunked).Bytes));
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(sent, await host.Client.PostAsync(Path, """{"model":"m","input":"Hello there","stream":true}""", ("Idempotency-Key", "one")).TextAsync());
        }
        Assert.Equal(2, engine.Calls.Count);
        Assert.All(await host.Outbox.AllAsync(2), record => Assert.Equal((UsageSource.None, default(TokenCounts)), (record.Source, record.Tokens)));
    }

    [Fact]
    public async Task CostIsAskedFor_StandsInTheLastEventsUsage()
    {
        await using var engine = new FakeEngine(call => call.SendAsync(
            Wire.Of("text/event-stream", Sound + Event("speech.audio.done", $"\"usage\":{Usage}"), Framing.Chunked).Bytes));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.SetRatesAsync(new Rate("m", 1, DateTimeOffset.UnixEpoch, 1000, 0, 10_000));
        var text = await host.Client.PostAsync(Path, Body, ("X-Podvirt-Usage-Cost", "true")).TextAsync();
        Assert.Equal("0.000000403000", LastOf(text).GetProperty("usage").GetProperty("cost").GetString());
        Assert.StartsWith(Sound, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EngineFailsInTheMiddle_ItsWordPassesAndNoEndFollows()
    {
        var error = Event("speech.audio.error", """ "error":{"message":"out of memory","type":"server_error","param":null,"code":500,"partial_audio":true,"action":"discard"}""");
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("text/event-stream", Sound + error, Framing.Chunked).Bytes));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(Sound + error, await host.Client.PostAsync(Path, Body).TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_error"), (record.Outcome, record.Reason));
    }

    [Theory]
    [InlineData("")]
    [InlineData("data: [DONE]\n\n")]
    public async Task EventsBreakOff_ClientIsToldInTheSameWords(string end)
    {
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("text/event-stream", Sound + end, Framing.Chunked).Bytes));
        await using var host = await GatewayHost.ServingAsync(engine);
        var text = await host.Client.PostAsync(Path, Body).TextAsync();
        Assert.StartsWith(Sound + "event: speech.audio.error\ndata: ", text, StringComparison.Ordinal);
        Assert.Equal("engine_truncated", LastOf(text).GetProperty("error").GetProperty("code").GetString());
        Assert.Equal((UsageOutcome.Truncated, UsageSource.None), await host.Outbox.SingleAsync() is var r ? (r.Outcome, r.Source) : default);
    }

    [Fact]
    public async Task OneEventWithAllTheSound_Passes()
    {
        var sent = Event("speech.audio.delta", $"\"audio\":\"{new string('A', 3_000_000)}\"") + Event("speech.audio.done", "");
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("text/event-stream", sent, Framing.Chunked, chunk: 16_000).Bytes));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(sent, await host.Client.PostAsync(Path, Body).TextAsync());
    }

    [Fact]
    public async Task ModelIsCold_CommentsComeUntilItSpeaks()
    {
        var sent = Sound + Event("speech.audio.done", "");
        await using var engine = new FakeEngine(call => call.SendAsync(Wire.Of("text/event-stream", sent, Framing.Chunked).Bytes));
        await using var host = await GatewayHost.StartAsync(options => options.CommentGrace = TimeSpan.Zero);
        await host.PublishAsync(Routes.Cold("m"));
        var response = await host.Client.PostAsync(Path, Body).Within();
        var stream = await response.Content.ReadAsStreamAsync();
        var head = await stream.ReadUntilAsync(": warming-up");
        await host.PublishAsync(Routes.Active("m", [engine]));
        Assert.EndsWith(sent, head + await stream.ReadUntilAsync("speech.audio.done\"}\n\n"), StringComparison.Ordinal);
    }

    private static string Event(string type, string members) => $"event: {type}\ndata: {{\"type\":\"{type}\"{(members.Length == 0 ? "" : "," + members)}}}\n\n";

    private static JsonElement LastOf(string events)
    {
        var last = events.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1];
        return JsonDocument.Parse(last[(last.IndexOf("data: ", StringComparison.Ordinal) + 6)..]).RootElement;
    }
}
