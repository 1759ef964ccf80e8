using System.Text;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>Streams of responses and messages, from an engine that does its part.</summary>
public sealed class TypedStreamTests
{
    public static TheoryData<string> Surfaces => TypedSurface.Names;

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task WholeStream_IsTheEnginesOwnAndCounted(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Events));
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await surface.StreamAsync(host).Within();

        Assert.Equal("text/event-stream; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(surface.Events, await response.TextAsync());
        Assert.Equal(surface.StreamBody, engine.LastCall.Body);
        Assert.StartsWith($"POST {surface.Path} ", engine.LastCall.RequestLine, StringComparison.Ordinal);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((surface.Name, surface.Tokens, UsageSource.Engine), (record.Surface, record.Tokens, record.Source));
        Assert.Equal((UsageOutcome.Completed, "", 200, true), (record.Outcome, record.Reason, record.Status, record.Streamed));
        Assert.True(record.FirstTokenUs > 0 && record.FirstTokenUs <= record.DurationUs);
        await host.NothingIsLeftAsync(engine);
    }

    [Theory]
    [InlineData("responses", "\n")]
    [InlineData("messages", "\r\n")]
    public async Task EngineReadsSplitAtEveryByte_ChangeNothing(string name, string newline)
    {
        var surface = TypedSurface.Of(name);
        var events = surface.Events.Replace("\n", newline, StringComparison.Ordinal);
        var answer = Encoding.UTF8.GetBytes(Replies.StreamHead() + Replies.Chunk(events[..100]) + Replies.Chunk(events[100..]) + "0\r\n\r\n");
        await using var engine = new FakeEngine(async call =>
        {
            var at = call.Number - 1;
            await call.SendAsync(answer.AsMemory(0, at));
            await Task.Delay(Pauses.BetweenPieces);
            await call.SendAsync(answer.AsMemory(at));
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        for (var i = 1; i <= answer.Length; i++)
        {
            var text = await surface.StreamAsync(host).TextAsync();
            Assert.True(events == text, $"Split at {i - 1}: {text}");
        }
        Assert.Equal(1, engine.AcceptedConnections);
        Assert.All(await host.Outbox.AllAsync(answer.Length), record => Assert.Equal(surface.Tokens, record.Tokens));
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task OutboxHeld_ClientHasEverythingButTheLastEvent(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Start, surface.First, surface.Rest, surface.End));
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.Hold();
        var stream = await (await surface.StreamAsync(host)).Content.ReadAsStreamAsync();
        Assert.Equal(surface.Start + surface.First + surface.Rest, await stream.ReadUntilAsync(surface.Rest));

        await Eventually.TrueAsync(() => host.Outbox.Waiting == 1, "the record is being appended");
        var rest = stream.ReadUntilAsync(surface.End);
        Assert.False(rest.IsCompleted);
        host.Outbox.Release();
        Assert.Equal(surface.End, await rest);
        Assert.Single(host.Outbox.Records);
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task OutboxFails_StreamEndsWithAnErrorAndNoEnd(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Events));
        await using var host = await GatewayHost.ServingAsync(engine);
        host.Outbox.Fails = true;
        host.MayLogErrors = true;
        surface.EndsWithError(await surface.StreamAsync(host).TextAsync(), "usage_not_recorded");
        Assert.Equal(surface.Tokens, Assert.Single(host.Outbox.HeldRecords).Tokens);
    }

    [Theory]
    [InlineData("responses", "0.000000001140")]
    [InlineData("messages", "0.000000001240")]
    public async Task CostIsAskedFor_StandsInTheLastUsageAndInTheRecord(string name, string cost)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Events));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.SetRatesAsync(new Rate("m", 4, DateTimeOffset.UnixEpoch, 100, 35, 100));
        var text = await surface.StreamAsync(host, ("X-Podvirt-Usage-Cost", "true")).TextAsync();

        var member = $",\"cost\":\"{cost}\"";
        Assert.Equal(surface.Events, text.Replace(member, "", StringComparison.Ordinal));
        var last = name == "responses" ? "\"total_tokens\":14" : "\"cache_creation_input_tokens\":0";
        Assert.Contains(last + member + "}", text, StringComparison.Ordinal);
        Assert.Equal(4, (await host.Outbox.SingleAsync()).QuotedRate);

        engine.Script = call => call.AnswerJsonAsync(200, surface.Plain);
        var plain = await surface.PlainAsync(host, ("X-Podvirt-Usage-Cost", "true")).TextAsync();
        Assert.Equal(surface.Plain[..^2] + member + "}}", plain);
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task EngineHasBegunAndIsSilent_ClientGetsCommentsUntilTheModelAnswers(string name)
    {
        var surface = TypedSurface.Of(name);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(surface.Start);
            await go.Task;
            await call.SendChunkAsync(surface.First + surface.Rest + surface.End);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, options =>
        {
            options.CommentGrace = TimeSpan.FromMilliseconds(20);
            options.CommentInterval = TimeSpan.FromMilliseconds(20);
        });
        var stream = await (await surface.StreamAsync(host).Within()).Content.ReadAsStreamAsync();
        var text = await stream.ReadUntilAsync(": prefill\n\n: prefill\n\n");
        Assert.DoesNotContain("event:", text, StringComparison.Ordinal);
        go.SetResult();
        text += await new StreamReader(stream).ReadToEndAsync().Within();
        Assert.EndsWith(surface.Events, text, StringComparison.Ordinal);
        Assert.Equal("", text[..^surface.Events.Length].Replace(": prefill\n\n", "", StringComparison.Ordinal));
        Assert.True(host.Dispatcher().Prefills.Expected(surface.StreamBody.Length) >= TimeSpan.FromMilliseconds(40));
        Assert.Equal(UsageOutcome.Completed, (await host.Outbox.SingleAsync()).Outcome);
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task ModelIsCold_StreamIsParkedWithCommentsAndThenServed(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(TypedSurface.Sends(surface.Events));
        await using var host = await GatewayHost.StartAsync(options => options.CommentGrace = TimeSpan.FromMilliseconds(20));
        await host.PublishAsync(Routes.Cold("m"));
        var stream = await (await surface.StreamAsync(host).Within()).Content.ReadAsStreamAsync();
        await stream.ReadUntilAsync(": warming-up");
        await host.PublishAsync(Routes.Active("m", [engine]));
        var text = await new StreamReader(stream).ReadToEndAsync().Within();
        Assert.Contains(": podvirt replica=m-0 ", text, StringComparison.Ordinal);
        Assert.EndsWith("\n\n" + surface.Events, text, StringComparison.Ordinal);
        Assert.True((await host.Outbox.SingleAsync()).ParkedUs > 0);
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task ConversationThatGrows_StaysOnItsReplica(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var first = new FakeEngine(call => call.AnswerJsonAsync(200, surface.Plain));
        await using var second = new FakeEngine(call => call.AnswerJsonAsync(200, surface.Plain));
        await using var host = await GatewayHost.ServingAsync([first, second]);
        for (var i = 0; i < 12; i++)
        {
            var replicas = new HashSet<string>();
            for (var turn = 0; turn < 3; turn++)
            {
                var messages = $$"""[{"role":"user","content":"question {{i}}"}{{string.Concat(Enumerable.Repeat(""",{"role":"user","content":"more"}""", turn))}}]""";
                var body = name == "responses"
                    ? $$"""{"model":"m","input":{{messages}},"instructions":"be brief"}"""
                    : $$"""{"model":"m","max_tokens":9,"messages":{{messages}},"system":[{"type":"text","text":"be brief"}]}""";
                using var response = await host.Client.PostAsync(surface.Path, body).Within();
                replicas.Add(response.Headers.GetValues("x-podvirt-replica").Single());
                await response.TextAsync();
            }
            Assert.Single(replicas);
        }
        Assert.NotEmpty(first.Calls);
        Assert.NotEmpty(second.Calls);
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task PlainReply_IsTheEnginesOwnAndCounted(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, surface.Plain));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(surface.Plain, await surface.PlainAsync(host).TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((surface.Tokens, UsageSource.Engine, UsageOutcome.Completed), (record.Tokens, record.Source, record.Outcome));
    }

    [Theory]
    [MemberData(nameof(Surfaces))]
    public async Task PlainCallIsRetriedByItsKey_RunsOnce(string name)
    {
        var surface = TypedSurface.Of(name);
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, surface.Plain));
        await using var host = await GatewayHost.ServingAsync(engine);
        var first = await surface.PlainAsync(host, ("Idempotency-Key", "k")).Within();
        Assert.Equal(surface.Plain, await first.TextAsync());
        var second = await surface.PlainAsync(host, ("Idempotency-Key", "k")).Within();
        Assert.Equal(surface.Plain, await second.TextAsync());
        Assert.Equal("true", second.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Single(engine.Calls);
        Assert.Single(host.Outbox.Records);
    }

    [Theory]
    [InlineData("responses", """{"input_tokens":-1,"output_tokens":5}""")]
    [InlineData("messages", """{"input_tokens":5,"output_tokens":-6}""")]
    public async Task CountsThatCannotBe_AreQuarantined(string name, string usage)
    {
        var surface = TypedSurface.Of(name);
        var good = surface.Events;
        var bad = name == "responses"
            ? good.Replace(ResponseApi.Usage, usage, StringComparison.Ordinal)
            : good.Replace(MessageApi.Counts, MessageApi.Delta("\"end_turn\"", usage), StringComparison.Ordinal);
        await using var engine = new FakeEngine(TypedSurface.Sends(bad));
        await using var host = await GatewayHost.ServingAsync(engine);
        Assert.Equal(bad, await surface.StreamAsync(host).TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Completed, UsageSource.Quarantined), (record.Outcome, record.Source));
    }
}
