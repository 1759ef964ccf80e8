using System.Text;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Replies;

public sealed class SpeechEventTests
{
    [Theory]
    [InlineData("""{"type":"speech.audio.delta","audio":"AAAA","usage":{"input_tokens":5}}""", EventKind.Output)]
    [InlineData("""{"audio":"AAAA","type":"speech.audio.d\u0065lta"}""", EventKind.Output)]
    [InlineData("""{"type":"speech.audio.done"}""", EventKind.End)]
    [InlineData("""{"type":"speech.audio.error","error":{"message":"x"}}""", EventKind.Failed)]
    [InlineData("""{"type":"speech.audio.delta","error":{"message":"x"}}""", EventKind.Error)]
    [InlineData("""{"error":"x"}""", EventKind.Error)]
    [InlineData("""{"type":"speech.audio.timestamps"}""", EventKind.Other)]
    [InlineData("{}", EventKind.Other)]
    public void Type_SaysWhatItIs(string json, EventKind kind)
    {
        Assert.True(SpeechEvent.TryRead(Encoding.UTF8.GetBytes(json), out var read));
        Assert.Equal((kind, false), (read.Kind, read.HasUsage));
    }

    [Fact]
    public void LastEvent_HasTheCountsOfTextAndSound()
    {
        const string Json = """{"usage":{"input_tokens":14,"output_tokens":101,"input_token_details":{"text_tokens":14}},"type":"speech.audio.done"}""";
        Assert.True(SpeechEvent.TryRead(Encoding.UTF8.GetBytes(Json), out var read));
        Assert.Equal((true, new TokenCounts(14, 0, 101, 0)), (read.HasUsage, read.Tokens));
        Assert.StartsWith("{\"input_tokens\"", Encoding.UTF8.GetString(read.UsageValue.Of(Encoding.UTF8.GetBytes(Json))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"speech.audio.done","usage":{"input_tokens":-1}}""")]
    [InlineData("""{"type":"speech.audio.done","usage":{"input_tokens":5,"output_tokens":"many"}}""")]
    public void CountThatIsNone_IsSaid(string json)
    {
        Assert.True(SpeechEvent.TryRead(Encoding.UTF8.GetBytes(json), out var read));
        Assert.True(read.HasBadUsage);
    }

    [Theory]
    [InlineData("[DONE]")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("""{"type":"speech.audio.done"} x""")]
    public void AnythingElse_IsNoEvent(string json) => Assert.False(SpeechEvent.TryRead(Encoding.UTF8.GetBytes(json), out _));
}
