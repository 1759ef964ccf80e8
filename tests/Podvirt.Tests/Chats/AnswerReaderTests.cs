using System.Buffers;
using System.Text;
using System.Text.Json;
using Podvirt.Chats;

namespace Podvirt.Tests.Chats;

public sealed class AnswerReaderTests
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(10);

    private static readonly string s_whole =
        ": warming-up eta_ms=2300 phase=weights\n\n"
        + ": podvirt replica=r-1 affinity=new parked_ms=1500\n\n"
        + Delta(new { role = "assistant", content = "" })
        + Delta(new { reasoning = "hm" }, 1)
        + Delta(new { reasoning_content = "…", reasoning = (string?)null }, 2)
        + Delta(new { content = "Grüße 🚀" }, 5)
        + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n"
        + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":3}}}\n\n"
        + "data: [DONE]\n\n";

    [Fact]
    public void Stream_IsReadAlikeAtEverySplitOfItsBytes()
    {
        var bytes = Encoding.UTF8.GetBytes(s_whole);
        for (var at = 0; at <= bytes.Length; at++)
        {
            var (reader, state, frames) = Read(bytes[..at], bytes[at..]);
            var answer = state.ToStored();
            Assert.True(reader.IsWhole);
            Assert.Null(reader.Error);
            Assert.Equal(("Grüße 🚀", "hm…"), (answer.Text, answer.Thinking));
            Assert.Equal(("r-1", "new", 1500L), (answer.Facts.Replica, answer.Facts.Affinity, answer.Facts.ParkedMs));
            Assert.Equal("stop", answer.Facts.Finish);
            Assert.Equal(new AnswerUsage(7, 3, 5, 0), answer.Facts.Usage);
            Assert.Equal((2L, false), (answer.Facts.ThinkingTokens, answer.Facts.ThinkingTokensExact));
            Assert.Equal(s_whole, string.Concat(frames.Take()!.Unpack().Select(f => Encoding.UTF8.GetString(f.Bytes))));
        }
    }

    [Fact]
    public void Comments_AreWhatIsWaitedForUntilTheFirstToken()
    {
        var (reader, state, _) = Begin();
        Take(reader, ": queued\n\n");
        Assert.Equal(new AnswerWait("queued", null, null), state.Facts.Wait);
        Take(reader, ": warming-up eta_ms=120 phase=weights\n\n");
        Assert.Equal(new AnswerWait("warming-up", "weights", 120), state.Facts.Wait);
        Take(reader, ": podvirt replica=r-2 affinity=hit parked_ms=12\n\n");
        Assert.Null(state.Facts.Wait);
        Take(reader, ": prefill eta_ms=7\n\n");
        Assert.Equal(new AnswerWait("prefill", null, 7), state.Facts.Wait);
        Assert.Equal(AnswerStatus.Waiting, state.Facts.Status);
        Take(reader, Delta(new { content = "a" }));
        Assert.Equal((AnswerStatus.Streaming, (AnswerWait?)null), (state.Facts.Status, state.Facts.Wait));
        Take(reader, ": keep-alive\n\n: warming-up phase=late\n\n");
        Assert.Null(state.Facts.Wait);
    }

    [Fact]
    public void ErrorInTheStream_IsTheAnswersAndItsEndMarkCountsNoMore()
    {
        var (reader, state, _) = Begin();
        Take(reader, Delta(new { content = "a" }) + "data: {\"error\":{\"message\":\"engine died\",\"code\":\"engine_truncated\"}}\n\ndata: [DONE]\n\n");
        Assert.False(reader.IsWhole);
        Assert.Equal(new AnswerError("engine died", "engine_truncated"), reader.Error);
        Assert.Equal("a", state.ToStored().Text);
    }

    [Theory]
    [InlineData("data: {\"error\":\"no\"}\n\n", "no", null)]
    [InlineData("data: {\"error\":{\"code\":400}}\n\n", "The engine reported an error.", null)]
    [InlineData("data: <html>\n\n", "The stream carried something that is not JSON.", "engine_malformed")]
    public void OddError_IsAnErrorAllTheSame(string text, string message, string? code)
    {
        var (reader, _, _) = Begin();
        Take(reader, text);
        Assert.Equal(new AnswerError(message, code), reader.Error);
        Assert.False(reader.HasOutput);
    }

    [Fact]
    public void UnknownChunks_ChangeNothing()
    {
        var (reader, state, _) = Begin();
        Take(reader, "data: {\"object\":\"ping\"}\n\ndata: {\"choices\":[{\"delta\":{\"content\":null}},7],\"usage\":null,\"error\":null}\n\ndata: {\"choices\":{}}\n\nevent: x\n\n");
        Assert.Null(reader.Error);
        Assert.False(reader.HasOutput);
        Assert.Equal(AnswerStatus.Waiting, state.Facts.Status);
    }

    [Fact]
    public void ThinkingTags_TimeAndCountTheThinking()
    {
        var (reader, state, _) = Begin();
        Take(reader, Delta(new { content = "<thi" }, 1), 1);
        Take(reader, Delta(new { content = "nk>so " }, 2), 2);
        Take(reader, Delta(new { content = "it is" }, 4), 3);
        Take(reader, Delta(new { content = "</think>" }, 5), 4);
        Assert.Null(state.Facts.ThinkingMs);
        Take(reader, Delta(new { content = "\n\nYes" }, 6), 9);
        var answer = state.ToStored();
        Assert.Equal(("Yes", "so it is"), (answer.Text, answer.Thinking));
        Assert.Equal((3L, false, 70L), (answer.Facts.ThinkingTokens, answer.Facts.ThinkingTokensExact, answer.Facts.ThinkingMs));
        Assert.Equal(10, answer.Facts.FirstTokenMs);
    }

    [Fact]
    public void CountedThinking_IsExact()
    {
        var (reader, state, _) = Begin();
        Take(reader, Delta(new { reasoning = "a" }) + Delta(new { content = "b" }));
        Assert.Equal((1L, false), (state.Facts.ThinkingTokens, state.Facts.ThinkingTokensExact));
        Take(reader, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":9,\"completion_tokens_details\":{\"reasoning_tokens\":6}}}\n\n");
        Assert.Equal((6L, true), (state.Facts.ThinkingTokens, state.Facts.ThinkingTokensExact));
    }

    [Fact]
    public void AnswerWithoutThinking_CountsNone()
    {
        var (_, state, _) = Read(Encoding.UTF8.GetBytes(Delta(new { content = "b" }, 1)));
        Assert.Equal((null, null), (state.Facts.ThinkingTokens, state.Facts.ThinkingMs));
    }

    [Fact]
    public void TextThatWasThinking_IsCountedAndTimedFromItsBegin()
    {
        var (reader, state, _) = Begin();
        Take(reader, Delta(new { content = "Let me see." }, 3), 1);
        Take(reader, Delta(new { content = "\n</think>" }, 5), 4);
        Assert.Null(state.Facts.ThinkingMs);
        Take(reader, Delta(new { content = "Yes" }, 6), 5);
        var answer = state.ToStored();
        Assert.Equal(("Yes", "Let me see.\n"), (answer.Text, answer.Thinking));
        Assert.Equal((5L, 40L), (answer.Facts.ThinkingTokens, answer.Facts.ThinkingMs));
    }

    [Fact]
    public void UnclosedThinking_LastsToTheEnd()
    {
        var (reader, state, _) = Begin();
        Take(reader, Delta(new { content = "<think>so </thi" }, 4), 1);
        reader.End(7 * s_step);
        Assert.Equal(("", "so </thi", 60L), (state.ToStored().Text, state.ToStored().Thinking, state.Facts.ThinkingMs));
    }

    [Fact]
    public void CutEvent_IsAFrameOfItsOwn()
    {
        var (reader, _, frames) = Begin();
        Take(reader, "data: [DO");
        reader.End(s_step);
        Assert.False(reader.IsWhole);
        Assert.Equal("data: [DO", Encoding.UTF8.GetString(Assert.Single(frames.Take()!.Unpack()).Bytes));
    }

    [Fact]
    public void EndlessEvent_IsRefused()
    {
        var (reader, _, _) = Begin();
        Assert.Throws<InvalidDataException>(() => Take(reader, new string('x', (1 << 20) + 1)));
    }

    internal static string Delta(object delta, int? completion = null) => "data: " + JsonSerializer.Serialize(new
    {
        choices = new[] { new { index = 0, delta, finish_reason = (string?)null } },
        usage = completion is { } count ? new { prompt_tokens = 7, completion_tokens = count } : null,
    }) + "\n\n";

    private static (AnswerReader Reader, AnswerState State, FrameLog Frames) Begin()
    {
        var state = new AnswerState(new AnswerIdentity("a", "admin", "default", "m", null), new AnswerFacts { StartedAt = DateTimeOffset.UnixEpoch });
        var frames = new FrameLog(1 << 20);
        return (new AnswerReader(state, frames), state, frames);
    }

    private static (AnswerReader Reader, AnswerState State, FrameLog Frames) Read(params byte[][] pieces)
    {
        var (reader, state, frames) = Begin();
        for (var at = 0; at < pieces.Length; at++)
        {
            reader.Take(new ReadOnlySequence<byte>(pieces[at]), at * s_step);
        }
        reader.End(pieces.Length * s_step);
        return (reader, state, frames);
    }

    private static void Take(AnswerReader reader, string text, int steps = 0) =>
        reader.Take(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(text)), steps * s_step);
}
