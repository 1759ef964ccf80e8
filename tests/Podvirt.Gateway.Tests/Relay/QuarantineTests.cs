using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>Counts that cannot be are not believed again within the request, and the client gets its answer all the same.</summary>
public sealed class QuarantineTests
{
    [Theory]
    [InlineData("""{"prompt_tokens":7,"completion_tokens":5}""", """{"prompt_tokens":7,"completion_tokens":4}""", 7, 5)]
    [InlineData("""{"prompt_tokens":7,"completion_tokens":5}""", """{"prompt_tokens":6,"completion_tokens":6}""", 7, 5)]
    [InlineData("""{"prompt_tokens":7,"completion_tokens":5}""", """{"prompt_tokens":7,"completion_tokens":-6}""", 7, 5)]
    [InlineData("""{"prompt_tokens":7,"completion_tokens":5}""", """{"prompt_tokens":7,"completion_tokens":9223372036854775808}""", 7, 5)]
    [InlineData("""{"prompt_tokens":7,"completion_tokens":5}""", """{"prompt_tokens":7,"completion_tokens":6.5}""", 7, 5)]
    [InlineData("""{"prompt_tokens":-7,"completion_tokens":5}""", """{"prompt_tokens":7,"completion_tokens":6}""", 0, 5)]
    public async Task CountsThatCannotBe_AreQuarantinedAndTheStreamGoesOn(string first, string second, long prompt, long completion)
    {
        await using var engine = new FakeEngine(call => StreamAsync(call, Chunk(0, first), Chunk(0, second), Chunk(0, """{"prompt_tokens":7,"completion_tokens":99}""")));
        await using var host = await GatewayHost.ServingAsync(engine);

        Assert.EndsWith(Replies.Done, await host.StreamAsync().TextAsync(), StringComparison.Ordinal);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Completed, UsageSource.Quarantined), (record.Outcome, record.Source));
        Assert.True(record.Tokens.Prompt <= prompt && record.Tokens.Completion <= completion, $"{record.Tokens}");
    }

    [Fact]
    public async Task SeveralChoicesThatOverflowTogether_AreQuarantined()
    {
        await using var engine = new FakeEngine(call => StreamAsync(
            call, Counted(0, long.MaxValue), Counted(1, long.MaxValue)));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.StreamAsync().TextAsync();
        Assert.Equal(UsageSource.Quarantined, (await host.Outbox.SingleAsync()).Source);
    }

    [Fact]
    public async Task SeveralChoicesThatGrowInTurn_AreBelieved()
    {
        await using var engine = new FakeEngine(call => StreamAsync(
            call, [.. Enumerable.Range(1, 5).SelectMany(n => (string[])[Counted(0, n), Counted(1, n), Counted(2, n)]), """{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":15}}"""]));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.StreamAsync().TextAsync();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageSource.Engine, 15L), (record.Source, record.Tokens.Completion));
    }

    [Fact]
    public async Task PlainReplyWithANegativeCount_IsQuarantined()
    {
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, """{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":-1}}"""));
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlainAsync().TextAsync();
        Assert.Equal(UsageSource.Quarantined, (await host.Outbox.SingleAsync()).Source);
    }

    [Fact]
    public async Task CountsOfAnAttemptThatAnotherReplicaTookOver_CountForNothing()
    {
        // Its usage is not for this client, so nothing was forwarded when it died.
        await using var dying = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Event("""{"choices":[],"usage":{"prompt_tokens":900,"completion_tokens":900}}"""));
            call.Close();
        });
        await using var good = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([dying, good]);
        for (var i = 0; i < 12; i++)
        {
            await host.StreamAsync(("X-Podvirt-Session-Id", $"s{i}")).TextAsync();
        }
        Assert.NotEmpty(dying.Calls);
        Assert.All(await host.Outbox.AllAsync(12), record => Assert.Equal(
            (UsageSource.Engine, (long)SampleReply.Completion), (record.Source, record.Tokens.Completion)));
    }

    private static string Counted(int choice, long count) => Chunk(choice, $$"""{"prompt_tokens":7,"completion_tokens":{{count}}}""");

    private static string Chunk(int choice, string usage) => $"{{\"choices\":[{{\"index\":{choice},\"delta\":{{\"content\":\"a\"}}}}],\"usage\":{usage}}}";

    private static async Task StreamAsync(FakeCall call, params string[] chunks)
    {
        await call.SendStreamHeadAsync();
        await call.SendChunkAsync(string.Concat(chunks.Select(Replies.Event)) + Replies.Done);
        await call.EndChunksAsync();
    }
}
