using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Chats;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Tests.Chats;

public sealed class AnswerJobTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task WholeStream_IsKeptWithItsFramesAndFacts()
    {
        await using var gateway = new FakeGateway();
        var text = AnswerReaderTests.Delta(new { content = "Hi" }, 1) + AnswerReaderTests.Delta(new { content = " there" }, 2) + "data: [DONE]\n\n";
        gateway.Send(text);
        gateway.End();
        var (job, end) = await gateway.BeginAsync();
        await end.WaitAsync(s_limit);

        Assert.Equal("default", gateway.Caller!.Project);
        Assert.Equal("", gateway.Caller.Key);
        Assert.Equal("{\"model\":\"m\"}", gateway.Body);
        Assert.Equal("s-1", gateway.Call!.RequestHeaders["X-Podvirt-Session-Id"]);
        var answer = await gateway.StoredAsync(job);
        Assert.Equal((AnswerStatus.Complete, "Hi there", null), (answer.Facts.Status, answer.Text, answer.Thinking));
        Assert.NotNull(answer.Facts.RequestId);
        Assert.NotNull(answer.Facts.DurationMs);
        Assert.NotNull(answer.Facts.FramesUntil);
        var page = await gateway.Store.FramesAsync("admin", job.State.Identity.Id, 0, CancellationToken.None);
        Assert.Equal(text, string.Concat(page!.Frames.Select(f => Encoding.UTF8.GetString(f.Bytes))));
        Assert.Equal([1L, 2, 3], page.Frames.Select(f => f.N));
        Assert.Contains("text/event-stream", page.ResponseHead, StringComparison.Ordinal);
        Assert.False(page.Truncated);
    }

    [Theory]
    [InlineData(false, "Failed")]
    [InlineData(true, "Interrupted")]
    public async Task StreamWithoutItsEnd_FailedOrIsInterrupted(bool hasText, string status)
    {
        await using var gateway = new FakeGateway();
        gateway.Send(hasText ? AnswerReaderTests.Delta(new { content = "Hi" }) : ": queued\n\n");
        gateway.End();
        var (job, end) = await gateway.BeginAsync();
        await end.WaitAsync(s_limit);
        var facts = (await gateway.StoredAsync(job)).Facts;
        Assert.Equal((status, "stream_ended", (AnswerWait?)null), (facts.Status.ToString(), facts.Error!.Code, facts.Wait));
    }

    [Fact]
    public async Task Refusal_IsTheAnswersErrorWithItsRetryTime()
    {
        await using var gateway = new FakeGateway();
        const string Body = "{\"error\":{\"message\":\"Spent.\",\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}}";
        gateway.Do(async context =>
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            context.Response.ContentType = "application/json";
            context.Response.Headers.RetryAfter = "7";
            await context.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(Body));
        });
        gateway.End();
        var (job, end) = await gateway.BeginAsync();
        await end.WaitAsync(s_limit);
        var facts = (await gateway.StoredAsync(job)).Facts;
        Assert.Equal((AnswerStatus.Failed, new AnswerError("Spent.", "insufficient_quota", 7)), (facts.Status, facts.Error));
        var page = await gateway.Store.FramesAsync("admin", job.State.Identity.Id, 0, CancellationToken.None);
        Assert.Equal(Body, Encoding.UTF8.GetString(Assert.Single(page!.Frames).Bytes));
        Assert.Contains("429", page.ResponseHead, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_AbortsTheCallAndKeepsWhatCame()
    {
        await using var gateway = new FakeGateway();
        gateway.Send(AnswerReaderTests.Delta(new { content = "Hi" }));
        var (job, end) = await gateway.BeginAsync();
        await UntilAsync(job, facts => facts.Status == AnswerStatus.Streaming);
        job.Stop();
        job.Stop();
        await end.WaitAsync(s_limit);
        var answer = await gateway.StoredAsync(job);
        Assert.Equal((AnswerStatus.Stopped, "Hi", (AnswerError?)null), (answer.Facts.Status, answer.Text, answer.Facts.Error));
        job.Stop();
    }

    [Fact]
    public async Task DefectOfTheGateway_EndsTheAnswer()
    {
        await using var gateway = new FakeGateway();
        gateway.Send(AnswerReaderTests.Delta(new { content = "Hi" }));
        gateway.Do(_ => throw new InvalidOperationException("a defect"));
        var (job, end) = await gateway.BeginAsync();
        await end.WaitAsync(s_limit);
        var answer = await gateway.StoredAsync(job);
        Assert.Equal((AnswerStatus.Interrupted, "internal_error", "Hi"), (answer.Facts.Status, answer.Facts.Error!.Code, answer.Text));
    }

    [Fact]
    public async Task RunningAnswer_IsSavedAsTimePassesAlsoWhileNothingComes()
    {
        var time = new FakeTimeProvider();
        await using var gateway = new FakeGateway(time);
        gateway.Send(AnswerReaderTests.Delta(new { content = "Hi" }));
        var (job, end) = await gateway.BeginAsync();
        await UntilAsync(job, facts => facts.Status == AnswerStatus.Streaming);
        await gateway.Store.InterruptAsync(time.GetUtcNow(), CancellationToken.None);
        Assert.Equal("", (await gateway.StoredAsync(job)).Text);
        await ChatApp.UntilAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(500));
                // As a start after a kill would find it.
                await gateway.Store.InterruptAsync(time.GetUtcNow(), CancellationToken.None);
                return (await gateway.StoredAsync(job)).Text == "Hi";
            },
            "The text was not saved.");
        gateway.End();
        await end.WaitAsync(s_limit);
    }

    [Fact]
    public async Task RewrittenText_IsSavedInThePlaceOfWhatWasSaved()
    {
        var time = new FakeTimeProvider();
        await using var gateway = new FakeGateway(time);
        gateway.Send(AnswerReaderTests.Delta(new { content = "Let me see." }));
        var (job, end) = await gateway.BeginAsync();
        await UntilAsync(job, facts => facts.Status == AnswerStatus.Streaming);
        time.Advance(TimeSpan.FromSeconds(1));
        gateway.Send(AnswerReaderTests.Delta(new { content = "\n</think>Yes" }) + "data: [DONE]\n\n");
        gateway.End();
        await end.WaitAsync(s_limit);
        var answer = await gateway.StoredAsync(job);
        Assert.Equal(("Yes", "Let me see.\n"), (answer.Text, answer.Thinking));
    }

    [Fact]
    public async Task FramesBeyondTheirBound_AreLeftOutAndSaidToBe()
    {
        await using var gateway = new FakeGateway();
        var first = AnswerReaderTests.Delta(new { content = "Hi" });
        gateway.Send(first + AnswerReaderTests.Delta(new { content = "there" }) + "data: [DONE]\n\n");
        gateway.End();
        var (job, end) = await gateway.BeginAsync(framesBytes: first.Length);
        await end.WaitAsync(s_limit);
        var page = await gateway.Store.FramesAsync("admin", job.State.Identity.Id, 0, CancellationToken.None);
        Assert.True(page!.Truncated);
        Assert.Equal(first, Encoding.UTF8.GetString(Assert.Single(page.Frames).Bytes));
        Assert.Equal("Hithere", (await gateway.StoredAsync(job)).Text);
    }

    [Fact]
    public async Task HundredThousandTokens_KeepAllTheirFrames()
    {
        const int Tokens = 100_000;
        await using var gateway = new FakeGateway();
        gateway.Do(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            for (var at = 1; at <= Tokens; at++)
            {
                await context.Response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(AnswerReaderTests.Delta(new { content = "word " }, at)));
            }
            await context.Response.BodyWriter.WriteAsync("data: [DONE]\n\n"u8.ToArray());
        });
        gateway.End();
        var (job, end) = await gateway.BeginAsync(framesBytes: 1L << 30);
        await end.WaitAsync(s_limit * 4);
        Assert.Equal(Tokens * 5, (await gateway.StoredAsync(job)).Text.Length);
        var frames = 0L;
        for (long? after = 0; after is not null;)
        {
            var page = await gateway.Store.FramesAsync("admin", job.State.Identity.Id, after.Value, CancellationToken.None);
            frames += page!.Frames.Count;
            after = page.Next;
        }
        Assert.Equal(Tokens + 1, frames);
    }

    [Fact]
    public async Task EndlessAnswer_IsCut()
    {
        await using var gateway = new FakeGateway();
        var piece = AnswerReaderTests.Delta(new { content = new string('x', 100_000) });
        for (var at = 0; at < ChatBounds.AnswerChars / 100_000 + 2; at++)
        {
            gateway.Send(piece);
        }
        var (job, end) = await gateway.BeginAsync();
        await end.WaitAsync(s_limit);
        var answer = await gateway.StoredAsync(job);
        Assert.Equal((AnswerStatus.Interrupted, "answer_too_long"), (answer.Facts.Status, answer.Facts.Error!.Code));
    }

    [Fact]
    public async Task RecordOnTheLedger_IsTheBill()
    {
        var asked = 0;
        RatedRecord? record = null;
        await using var gateway = new FakeGateway(find: (id, _) =>
        {
            record = new RatedRecord(RecordOf(id), RateVersion: 3, new Cost(123_000_000));
            return ValueTask.FromResult(++asked < 3 ? null : record);
        });
        gateway.Send(AnswerReaderTests.Delta(new { content = "Hi" }) + "data: [DONE]\n\n");
        gateway.Do(_ =>
        {
            gateway.Call!.Recorded();
            return Task.CompletedTask;
        });
        gateway.End();
        var (job, end) = await gateway.BeginAsync();
        await end.WaitAsync(s_limit);
        Assert.Equal(3, asked);
        Assert.Equal(new AnswerBill(10, 4, 20, 5, record!.Billed.ToString(), 3), (await gateway.StoredAsync(job)).Facts.Billed);
    }

    [Fact]
    public async Task RecordThatNeverComes_IsWaitedForTenSecondsOnly()
    {
        var time = new FakeTimeProvider();
        await using var gateway = new FakeGateway(time);
        gateway.Send(AnswerReaderTests.Delta(new { content = "Hi" }) + "data: [DONE]\n\n");
        gateway.Do(_ =>
        {
            gateway.Call!.Recorded();
            return Task.CompletedTask;
        });
        gateway.End();
        var (job, end) = await gateway.BeginAsync();
        var began = time.GetUtcNow();
        await ChatApp.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(end.IsCompleted);
            },
            "It waits on.");
        Assert.InRange(time.GetUtcNow() - began, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(15));
        var answer = await gateway.StoredAsync(job);
        Assert.Equal((AnswerStatus.Complete, (AnswerBill?)null), (answer.Facts.Status, answer.Facts.Billed));
        Assert.True(job.State.Read(null).IsOver);
    }

    private static UsageRecord RecordOf(Guid id) => new()
    {
        Id = id,
        Project = "default",
        Key = "",
        Model = "m",
        Revision = 1,
        Surface = "playground",
        Outcome = UsageOutcome.Completed,
        Status = 200,
        StartedAt = DateTimeOffset.UnixEpoch,
        DurationUs = 1,
        Source = UsageSource.Engine,
        Tokens = new TokenCounts(10, 4, 20, 5),
    };

    private static async Task UntilAsync(AnswerJob job, Func<AnswerFacts, bool> condition)
    {
        while (job.State.Read(null) is var news && !condition(news.Facts))
        {
            await job.State.Changed(news.Version).WaitAsync(s_limit);
        }
    }
}
