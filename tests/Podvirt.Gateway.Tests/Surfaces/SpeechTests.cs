using System.Globalization;
using System.Net;
using System.Text;
using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Surfaces;

/// <summary>Speech as bytes: whatever they are, they pass as they came, and a part never looks like the whole.</summary>
public sealed class SpeechTests
{
    private const string Path = "/v1/audio/speech";
    private const string Body = """{"model":"m","input":"Hello there","voice":"vivian","response_format":"wav"}""";

    // What looks like counts and ends in the middle of sound is sound.
    private static readonly byte[] s_sound = [.. "RIFF"u8, .. "{\"usage\":{\"prompt_tokens\":9,\"input_tokens\":9}}"u8, .. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 31))];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sound_PassesByteForByteWithTypeAndLength(bool chunked)
    {
        await using var engine = new FakeEngine(call => SendAsync(call, s_sound, chunked, s_sound.Length, isWhole: true));
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(Path, Body, ("X-Podvirt-Usage-Cost", "true")).Within();
        Assert.Equal(("audio/wav", chunked ? null : s_sound.Length), (response.Content.Headers.ContentType?.ToString(), response.Content.Headers.ContentLength));
        Assert.Equal(s_sound, await response.Content.ReadAsByteArrayAsync().Within());
        Assert.Equal(Body, engine.LastCall.Body);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(("audio.speech", UsageOutcome.Completed, UsageSource.None, false), (record.Surface, record.Outcome, record.Source, record.Streamed));
        Assert.Equal(default, record.Tokens);
    }

    [Fact]
    public async Task SoundInPieces_IsHandedOnAsItComes()
    {
        var heard = new TaskCompletionSource();
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nTransfer-Encoding: chunked\r\n\r\n");
            await call.SendChunkAsync("abcd");
            await heard.Task;
            await call.SendChunkAsync("efgh");
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(Path, """{"model":"m","input":"hi","response_format":"pcm","stream":true,"stream_format":"audio"}""").Within();
        var stream = await response.Content.ReadAsStreamAsync();

        // The last byte of what has come waits for the next, or for the record.
        Assert.Equal("abc", await stream.ReadUntilAsync("abc"));
        heard.SetResult();
        Assert.Equal("defgh", await stream.ReadUntilAsync("efgh"));
    }

    [Theory]
    [InlineData(true, 50_000)]
    [InlineData(false, 50_000)]
    [InlineData(false, 1)]
    public async Task SoundBreaksOff_ConnectionIsCut(bool chunked, int cut)
    {
        await using var engine = new FakeEngine(call => SendAsync(call, s_sound.AsMemory(0, s_sound.Length - cut), chunked, s_sound.Length, isWhole: false));
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(Path, Body).Within();
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync().Within());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_truncated", UsageSource.None), (record.Outcome, record.Reason, record.Source));
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task EndOfTheSoundNotAnnounced_IsRefused()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n\r\nRIFF{}");
            call.Close();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.Client.PostAsync(Path, Body).ErrorAsync(HttpStatusCode.BadGateway, "engine_malformed");
    }

    [Fact]
    public async Task ClientLeavesInTheMiddle_EngineIsCut()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 1000\r\n\r\nRIFF");
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(Path, Body).Within();
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("RIF");
        response.Dispose();
        await engine.LastCall.PeerClosed.Within();
        Assert.Equal(UsageOutcome.Cancelled, (await host.Outbox.SingleAsync()).Outcome);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task RetriedWithItsKey_IsSpokenOnce()
    {
        await using var engine = new FakeEngine(call => SendAsync(call, s_sound, chunked: true, s_sound.Length, isWhole: true));
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 0; i < 2; i++)
        {
            var response = await host.Client.PostAsync(Path, Body, ("Idempotency-Key", "one")).Within();
            Assert.Equal("audio/wav", response.Content.Headers.ContentType?.ToString());
            Assert.Equal(s_sound, await response.Content.ReadAsByteArrayAsync().Within());
        }
        Assert.Single(engine.Calls);
    }

    [Fact]
    public async Task ReplicaDiesBeforeItsFirstByte_AnotherOneSpeaks()
    {
        await using var dead = new FakeEngine(call =>
        {
            call.Close();
            return Task.CompletedTask;
        });
        await using var engine = new FakeEngine(call => SendAsync(call, s_sound, chunked: true, s_sound.Length, isWhole: true));
        await using var host = await GatewayHost.ServingAsync([dead, engine]);
        for (var i = 0; i < 4; i++)
        {
            var response = await host.Client.PostAsync(Path, Body.Replace("Hello", $"Hello {i}", StringComparison.Ordinal)).Within();
            Assert.Equal(s_sound, await response.Content.ReadAsByteArrayAsync().Within());
        }
    }

    [Theory]
    [InlineData(EngineKind.Vllm, 501)]
    [InlineData(EngineKind.VllmOmni, 200)]
    [InlineData(EngineKind.Simulated, 200)]
    [InlineData(EngineKind.Command, 200)]
    public async Task EngineThatCannotSpeak_IsNotAsked(EngineKind kind, int status)
    {
        await using var engine = new FakeEngine(call => SendAsync(call, s_sound, chunked: true, s_sound.Length, isWhole: true));
        await using var host = await GatewayHost.StartAsync();
        var route = Routes.Active("m", [engine]);
        await host.PublishAsync(route with { Model = route.Model with { Engine = route.Model.Engine with { Kind = kind } } });
        Assert.Equal(status, (int)(await host.Client.PostAsync(Path, Body).Within()).StatusCode);
        Assert.Equal(status == 200 ? 1 : 0, engine.Calls.Count);
    }

    private static async Task SendAsync(FakeCall call, ReadOnlyMemory<byte> sound, bool chunked, int announced, bool isWhole)
    {
        await call.SendAsync("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n"
            + (chunked ? "Transfer-Encoding: chunked\r\n\r\n" : string.Create(CultureInfo.InvariantCulture, $"Content-Length: {announced}\r\n\r\n")));
        if (!chunked)
        {
            await call.SendAsync(sound);
        }
        for (var at = 0; chunked && at < sound.Length; at += 4_096)
        {
            var piece = sound.Slice(at, Math.Min(4_096, sound.Length - at));
            await call.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{piece.Length:x}\r\n")), .. piece.Span, .. "\r\n"u8]);
        }
        if (chunked && isWhole)
        {
            await call.EndChunksAsync();
        }
        if (!isWhole)
        {
            call.Close();
        }
    }
}
