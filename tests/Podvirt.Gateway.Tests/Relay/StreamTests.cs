using System.Net;
using System.Text;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>The client gets what its engine would have sent for the client's own options.</summary>
public sealed class StreamTests
{
    public static TheoryData<bool, bool?, bool?> Options()
    {
        var data = new TheoryData<bool, bool?, bool?>();
        foreach (var chat in new[] { true, false })
        {
            data.Add(chat, null, null);
            foreach (var usage in new[] { true, false })
            {
                data.Add(chat, usage, null);
                data.Add(chat, usage, true);
                data.Add(chat, usage, false);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Options))]
    public async Task StreamForAnyOptions_IsTheEnginesOwn(bool chat, bool? usage, bool? continuous)
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(chat ? Calls.Chat : Calls.Completions, BodyFor(chat, usage, continuous));
        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(new SampleReply(chat, true, usage is true, continuous is true).Events, await response.TextAsync());

        var asked = engine.LastCall.Json.GetProperty("stream_options");
        Assert.True(asked.GetProperty("include_usage").GetBoolean());
        Assert.True(asked.GetProperty("continuous_usage_stats").GetBoolean());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(new TokenCounts(SampleReply.Prompt, 0, SampleReply.Completion, 0), record.Tokens);
        Assert.Equal((UsageOutcome.Completed, UsageSource.Engine, 200, true), (record.Outcome, record.Source, record.Status, record.Streamed));
        Assert.True(record.FirstTokenUs > 0 && record.FirstTokenUs <= record.DurationUs);
    }

    public enum Framing
    {
        Chunked,
        ChunkPerCharacter,
        CloseDelimited,
        ContentLength,
    }

    [Theory]
    [InlineData(Framing.Chunked, "\n")]
    [InlineData(Framing.ChunkPerCharacter, "\r\n")]
    [InlineData(Framing.CloseDelimited, "\n")]
    [InlineData(Framing.ContentLength, "\r\n")]
    [InlineData(Framing.ContentLength, "\r")]
    public async Task StreamInAnyFraming_ArrivesWhole(Framing framing, string newline)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendAsync(Answer(framing, newline));
            if (framing == Framing.CloseDelimited)
            {
                call.Close();
            }
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(new SampleReply(true, true, false, false, newline).Events, await host.StreamAsync().TextAsync());
        }
        Assert.Equal(framing == Framing.CloseDelimited ? 3 : 1, engine.AcceptedConnections);
        await host.Outbox.AllAsync(3);
    }

    [Theory]
    [InlineData(Framing.Chunked, "\n")]
    [InlineData(Framing.ContentLength, "\r\n")]
    public async Task EngineReadsSplitAtEveryByte_ChangeNothing(Framing framing, string newline)
    {
        var answer = Encoding.UTF8.GetBytes(Answer(framing, newline));
        await using var engine = new FakeEngine(async call =>
        {
            var at = call.Number - 1;
            await call.SendAsync(answer.AsMemory(0, at));
            await TwoReadsAsync();
            await call.SendAsync(answer.AsMemory(at));
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var expected = new SampleReply(true, true, false, false, newline).Events;
        for (var i = 1; i <= answer.Length; i++)
        {
            var text = await host.StreamAsync().TextAsync();
            Assert.True(expected == text, $"Split at {i - 1}: {text}");
        }
        Assert.Equal(1, engine.AcceptedConnections);
        Assert.All(await host.Outbox.AllAsync(answer.Length), record => Assert.Equal(SampleReply.Completion, record.Tokens.Completion));
    }

    [Fact]
    public async Task EngineSendsByteByByte_StreamIsTheSame()
    {
        var answer = Encoding.UTF8.GetBytes(Answer(Framing.Chunked, "\r\n"));
        await using var engine = new FakeEngine(async call =>
        {
            foreach (var b in answer)
            {
                await call.SendAsync(new[] { b });
            }
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(new SampleReply(true, true, false, false, "\r\n").Events, await host.StreamAsync().TextAsync());
    }

    [Fact]
    public async Task EventArrives_GoesOutBeforeTheNext()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; i <= 20; i++)
            {
                await call.SendChunkAsync(Replies.Delta($"t{i}", i));
                // Only the client's having it lets the engine go on.
                await Eventually.TrueAsync(() => s_seen.GetValueOrDefault(call.Header("X-Request-Id")!) >= i, "the client has the token");
            }
            await call.SendChunkAsync(Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.StreamAsync();
        var id = response.Headers.GetValues("x-request-id").Single();
        var stream = await response.Content.ReadAsStreamAsync();
        for (var i = 1; i <= 20; i++)
        {
            Assert.DoesNotContain("usage", await stream.ReadUntilAsync($"t{i}\""), StringComparison.Ordinal);
            s_seen[id] = i;
        }
        await stream.ReadUntilAsync("[DONE]");
    }

    [Fact]
    public async Task EventLongerThanAnyRead_ArrivesWhole()
    {
        var text = new string('x', 700_000);
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Delta(text, 9) + Replies.Done);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var got = await host.StreamAsync().TextAsync();
        Assert.Contains(text, got, StringComparison.Ordinal);
        Assert.EndsWith(Replies.Done, got, StringComparison.Ordinal);
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> s_seen = new(StringComparer.Ordinal);

    private static Task TwoReadsAsync() => Task.Delay(Pauses.BetweenPieces);

    private static string Answer(Framing framing, string newline)
    {
        var events = new SampleReply(true, true, IncludeUsage: true, Continuous: true, newline).Events;
        const string Type = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
        return framing switch
        {
            Framing.Chunked => Replies.StreamHead() + Replies.Chunk(events) + "0\r\n\r\n",
            Framing.ChunkPerCharacter => Replies.StreamHead()
                + string.Concat(events.Select(c => Replies.Chunk(c.ToString()))) + "0\r\n\r\n",
            Framing.CloseDelimited => $"{Type}\r\n{events}",
            _ => $"{Type}Content-Length: {Encoding.UTF8.GetByteCount(events)}\r\n\r\n{events}",
        };
    }

    private static string BodyFor(bool chat, bool? usage, bool? continuous)
    {
        var options = usage is null ? "" : ",\"stream_options\":{"
            + string.Join(',', new[] { Member("include_usage", usage), Member("continuous_usage_stats", continuous) }.Where(m => m is not null)) + "}";
        var input = chat ? "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" : "\"prompt\":\"hi\"";
        return $"{{\"model\":\"m\",\"stream\":true{options},{input}}}";

        static string? Member(string name, bool? value) => value is { } v ? $"\"{name}\":{(v ? "true" : "false")}" : null;
    }
}
