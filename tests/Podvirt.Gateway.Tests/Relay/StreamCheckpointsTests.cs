using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

public sealed class StreamCheckpointsTests
{
    private static readonly TimeSpan s_never = TimeSpan.FromHours(1);

    [Fact]
    public async Task RunningStream_IsWrittenEveryIntervalAsFarAsItHasCome()
    {
        var more = new SemaphoreSlim(1);
        await using var engine = new FakeEngine(call => AnswerSlowlyAsync(call, tokens: 3, more));
        await using var host = await GatewayHost.ServingAsync(engine, options => options.CheckpointInterval = TimeSpan.FromMilliseconds(20));
        using var response = await host.StreamAsync();

        for (var token = 1; token <= 3; token++)
        {
            await Eventually.TrueAsync(() => host.Outbox.Checkpoints.LastOrDefault()?.Tokens.Completion == token, $"token {token} is written down");
            more.Release();
        }
        await response.TextAsync();

        var record = await host.Outbox.SingleAsync();
        Assert.All(host.Outbox.Checkpoints, checkpoint =>
        {
            Assert.Equal((UsageOutcome.Truncated, "gateway_killed", 200), (checkpoint.Outcome, checkpoint.Reason, checkpoint.Status));
            Assert.Equal((record.Id, record.Model, record.Replica, record.StartedAt), (checkpoint.Id, checkpoint.Model, checkpoint.Replica, checkpoint.StartedAt));
            Assert.InRange(checkpoint.DurationUs, 1, record.DurationUs);
        });
    }

    [Fact]
    public async Task StreamWithoutNews_IsNotWrittenAgain()
    {
        var more = new SemaphoreSlim(1);
        await using var engine = new FakeEngine(call => AnswerSlowlyAsync(call, tokens: 2, more));
        await using var host = await GatewayHost.ServingAsync(engine, options => options.CheckpointInterval = s_never);
        var checkpoints = host.Services.GetRequiredService<StreamCheckpoints>();
        using var response = await host.StreamAsync();
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("content\":\"1");

        await checkpoints.WriteAsync(default);
        await checkpoints.WriteAsync(default);
        Assert.Equal(1, Assert.Single(host.Outbox.Checkpoints).Tokens.Completion);

        // What failed is written the next time, news or not.
        more.Release();
        await Eventually.TrueAsync(() => engine.Calls.Count == 1 && checkpoints.Running == 1, "the stream runs");
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("content\":\"2");
        host.Outbox.Fails = true;
        await Assert.ThrowsAsync<Messaging.UsageOutboxException>(async () => await checkpoints.WriteAsync(default));
        host.Outbox.Fails = false;
        await checkpoints.WriteAsync(default);
        Assert.Equal([1, 2], host.Outbox.Checkpoints.Select(c => c.Tokens.Completion));

        more.Release();
        await host.InFlightAsync(0);
        await Eventually.TrueAsync(() => checkpoints.Running == 0, "nothing runs");
        await checkpoints.WriteAsync(default);
        Assert.Equal(2, host.Outbox.Checkpoints.Count);
    }

    [Fact]
    public async Task RecordOnItsWay_IsFollowedByNoCheckpoint()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine, options => options.CheckpointInterval = s_never);
        var checkpoints = host.Services.GetRequiredService<StreamCheckpoints>();
        host.Outbox.Hold();
        var text = host.StreamAsync().TextAsync();
        await Eventually.TrueAsync(() => host.Outbox.Waiting == 1, "the record is being appended");

        Assert.Equal(1, checkpoints.Running);
        await checkpoints.WriteAsync(default);
        Assert.Empty(host.Outbox.Checkpoints);

        host.Outbox.Release();
        await text;
        await Eventually.TrueAsync(() => checkpoints.Running == 0, "nothing runs");
    }

    [Fact]
    public async Task PlainReply_HasNoCheckpoint()
    {
        await using var engine = new FakeEngine(call => call.HangAsync());
        await using var host = await GatewayHost.ServingAsync(engine, options => options.CheckpointInterval = s_never);
        using var leave = new CancellationTokenSource();
        var answer = host.Client.PostAsync(Calls.Chat, Calls.PlainBody, leave.Token);
        await host.InFlightAsync(1);

        Assert.Equal(0, host.Services.GetRequiredService<StreamCheckpoints>().Running);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        await host.InFlightAsync(0);
    }

    [Fact]
    public async Task EngineWithoutCounts_IsWrittenDownOnceItHasBegun()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Replies.Event("""{"choices":[{"index":0,"delta":{"content":"a"}}]}"""));
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine, options => options.CheckpointInterval = s_never);
        using (var response = await host.StreamAsync())
        {
            await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("\"a\"");
            await host.Services.GetRequiredService<StreamCheckpoints>().WriteAsync(default);
        }
        Assert.Equal(UsageSource.None, Assert.Single(host.Outbox.Checkpoints).Source);
        await host.InFlightAsync(0);
    }

    // One token for each release; a last one ends the stream.
    private static async Task AnswerSlowlyAsync(FakeCall call, int tokens, SemaphoreSlim more)
    {
        await call.SendStreamHeadAsync();
        for (var token = 1; token <= tokens; token++)
        {
            await more.WaitAsync();
            await call.SendChunkAsync(Replies.Event($$$"""{"choices":[{"index":0,"delta":{"content":"{{{token}}}"}}],"usage":{"prompt_tokens":7,"completion_tokens":{{{token}}}}}"""));
        }
        await more.WaitAsync();
        await call.SendChunkAsync(Replies.Done);
        await call.EndChunksAsync();
    }
}
