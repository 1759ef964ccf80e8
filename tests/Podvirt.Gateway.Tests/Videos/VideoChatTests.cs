using System.Net;
using System.Text.Json;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>Chat completions on a video model.</summary>
public sealed class VideoChatTests
{
    private const string Question =
        """{"model":"m","seconds":"6","stream":STREAM,"temperature":1,"messages":[{"role":"system","content":"s"},{"role":"user","content":"first"},{"role":"assistant","content":"x"},{"role":"user","content":[{"type":"text","text":"a cat"},{"type":"text","text":"that runs"}]}]}""";

    [Fact]
    public async Task PlainCall_AnswersWithTheVideosAddress()
    {
        await using var engine = new FakeOmni();
        await using var host = await VideoHost.StartAsync([engine]);

        using var response = await host.Client.PostAsync(Calls.Chat, Question.Replace("STREAM", "false", StringComparison.Ordinal));

        var answer = JsonDocument.Parse(await response.TextAsync()).RootElement;
        var job = Assert.Single(host.Book.All());
        var message = answer.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal(("chat.completion", $"[video](/v1/videos/{job.Name}/content)", job.Name, "stop"), (
            answer.GetProperty("object").GetString(), message.GetProperty("content").GetString(), message.GetProperty("video").GetProperty("id").GetString(),
            answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString()));
        Assert.Equal(0, answer.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal(engine.Video, await host.Client.GetByteArrayAsync(message.GetProperty("video").GetProperty("url").GetString()));
        Assert.Equal("a cat\nthat runs", job.Prompt);
        Assert.Contains("name=\"seconds\"\r\n\r\n6\r\n", engine.LastCreated.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("temperature", engine.LastCreated.Body, StringComparison.Ordinal);
        var record = await host.Host.Outbox.SingleAsync();
        Assert.Equal(("videos", 4_000_000L, default(TokenCounts)), (record.Surface, record.VideoUs, record.Tokens));
    }

    [Fact]
    public async Task Stream_SaysWhatItWaitsFor_AndThenNamesTheVideo()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([], gateway: options =>
        {
            options.CommentGrace = TimeSpan.FromMilliseconds(10);
            options.CommentInterval = TimeSpan.FromMilliseconds(10);
        });
        var body = Question.Replace("STREAM", "true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal);

        using var response = await host.Client.PostAsync(Calls.Chat, body);
        var stream = await response.Content.ReadAsStreamAsync();
        Assert.Contains(": warming-up", await stream.ReadUntilAsync("phase=starting"), StringComparison.Ordinal);
        await host.ServeAsync([engine]);
        await stream.ReadUntilAsync(": in-progress progress=40\n\n");
        engine.IsHeld = false;
        var rest = await stream.ReadUntilAsync("data: [DONE]\n\n");

        var events = rest.Split("\n\n").Where(e => e.StartsWith("data: {", StringComparison.Ordinal)).Select(e => JsonDocument.Parse(e[6..]).RootElement).ToList();
        Assert.Equal("assistant", events[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        var job = Assert.Single(host.Book.All());
        Assert.Equal(job.Name, events[1].GetProperty("choices")[0].GetProperty("delta").GetProperty("video").GetProperty("id").GetString());
        Assert.Equal("stop", events[2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(0, events[3].GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal(4, events.Count);
    }

    [Fact]
    public async Task ClientThatLeavesItsStream_CancelsTheJob()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine], gateway: options => options.CommentGrace = TimeSpan.FromMilliseconds(10));
        var response = await host.Client.PostAsync(Calls.Chat, Question.Replace("STREAM", "true", StringComparison.Ordinal));
        await Eventually.TrueAsync(() => engine.Jobs.Count == 1, "it is sent");

        response.Dispose();

        await host.NothingRunsAsync();
        Assert.Equal("video_gen_1", Assert.Single(engine.Deleted));
        Assert.Equal(UsageOutcome.Cancelled, (await host.Host.Outbox.SingleAsync()).Outcome);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task JobThatFails_FailsTheCall_WithARealStatusWhereThereIsNoneYet(bool stream)
    {
        await using var engine = new FakeOmni { Failure = "no" };
        await using var host = await VideoHost.StartAsync([engine]);
        await host.Client.PostAsync(Calls.Chat, Question.Replace("STREAM", stream ? "true" : "false", StringComparison.Ordinal))
            .ErrorAsync(HttpStatusCode.InternalServerError, "generation_failed");
    }

    [Fact]
    public async Task JobThatFailsLate_FailsTheStreamInBand()
    {
        await using var engine = new FakeOmni { IsHeld = true };
        await using var host = await VideoHost.StartAsync([engine], gateway: options => options.CommentGrace = TimeSpan.FromMilliseconds(10));
        using var response = await host.Client.PostAsync(Calls.Chat, Question.Replace("STREAM", "true", StringComparison.Ordinal));
        engine.Failure = "no";
        Calls.InBandError(await response.TextAsync(), "generation_failed");
    }

    [Theory]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}""", "messages")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","content":"x"}]}""", "messages")]
    [InlineData("""{"model":"m","seconds":"nine","messages":[{"role":"user","content":"x"}]}""", "seconds")]
    public async Task QuestionThatIsNoPrompt_Is400(string body, string param)
    {
        await using var host = await VideoHost.StartAsync([]);
        var error = await host.Client.PostAsync(Calls.Chat, body).ErrorAsync(HttpStatusCode.BadRequest, "invalid_value");
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Empty(host.Spooled);
    }

    [Fact]
    public async Task AbsurdLength_IsQuarantined_AndBilledAtZero()
    {
        await using var engine = new FakeOmni { Video = Mp4Sample.Of(100_000) };
        await using var host = await VideoHost.StartAsync([engine]);
        var done = await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync()), "completed");
        var record = await host.Host.Outbox.SingleAsync();
        Assert.Equal((UsageSource.Quarantined, 0L, UsageOutcome.Completed), (record.Source, record.VideoUs, record.Outcome));
        Assert.Equal("0.000000000000", done.GetProperty("podvirt").GetProperty("cost").GetString());
    }

    [Theory]
    [InlineData("3.5", UsageSource.Engine, 3_500_000L)]
    [InlineData("about four", UsageSource.None, 0L)]
    public async Task FileThatSaysNothing_IsBilledByTheEnginesWord(string seconds, UsageSource source, long us)
    {
        await using var engine = new FakeOmni { Video = "not an mp4"u8.ToArray(), Seconds = seconds };
        await using var host = await VideoHost.StartAsync([engine]);
        await host.UntilAsync(VideoHost.IdOf(await host.CreateAsync()), "completed");
        var record = await host.Host.Outbox.SingleAsync();
        Assert.Equal((source, us), (record.Source, record.VideoUs));
    }
}
