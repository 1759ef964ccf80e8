using System.Text;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Replies;

public sealed class ResponseEventTests
{
    private const string Usage =
        """{"input_tokens":12,"input_tokens_details":{"cached_tokens":4},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":17}""";

    [Theory]
    [InlineData("response.created", EventKind.Begin)]
    [InlineData("response.queued", EventKind.Begin)]
    [InlineData("response.in_progress", EventKind.Begin)]
    [InlineData("response.output_item.added", EventKind.Output)]
    [InlineData("response.output_text.delta", EventKind.Output)]
    [InlineData("response.completed", EventKind.End)]
    [InlineData("response.incomplete", EventKind.End)]
    [InlineData("response.cancelled", EventKind.End)]
    [InlineData("response.failed", EventKind.Failed)]
    [InlineData("error", EventKind.Error)]
    [InlineData("keepalive", EventKind.Other)]
    public void TypeAnywhereInTheEvent_SaysItsKind(string type, EventKind kind)
    {
        Assert.Equal(kind, Read($$"""{"type":"{{type}}","sequence_number":3}""").Kind);
        Assert.Equal(kind, Read($$"""{"delta":"\"type\":\"response.completed\"","sequence_number":3,"type":"{{type}}"}""").Kind);
        Assert.Equal(kind, Read($$"""{ "t\u0079pe" : "{{type}}" }""").Kind);
        Assert.Equal(3, Read($$"""{"type":"{{type}}","sequence_number":3}""").Sequence);
    }

    [Theory]
    [InlineData("response.completed")]
    [InlineData("response.incomplete")]
    [InlineData("response.failed")]
    public void EventAtTheEnd_HasItsCountsAndId(string type)
    {
        var json = $$$"""{"response":{"id":"resp_1","output":[{"id":"msg_1","usage":{"input_tokens":99}}],"status":"x","usage":{{{Usage}}}},"sequence_number":9,"type":"{{{type}}}"}""";
        var read = Read(json);
        Assert.True(read.HasUsage);
        Assert.Equal(new TokenCounts(12, 4, 5, 2), read.Tokens);
        Assert.Equal(Usage, Encoding.UTF8.GetString(read.UsageValue.Of(Encoding.UTF8.GetBytes(json))));
        Assert.Equal("resp_1", Encoding.UTF8.GetString(read.Id.Of(Encoding.UTF8.GetBytes(json))));
        Assert.False(read.IsAborted || read.HasBadUsage);
    }

    [Fact]
    public void CountsBeforeTheEnd_AreNone()
    {
        var read = Read($$"""{"response":{"id":"r","status":"cancelled","usage":{{Usage}}},"type":"response.in_progress"}""");
        Assert.Equal((false, false), (read.HasUsage, read.IsAborted));
        Assert.True(read.Id.IsPresent);
    }

    [Theory]
    [InlineData("response.completed", "cancelled", true)]
    [InlineData("response.cancelled", "incomplete", true)]
    [InlineData("response.completed", "completed", false)]
    [InlineData("response.incomplete", "incomplete", false)]
    public void ResponseThatWasGivenUp_IsKnownByItsStatusOrType(string type, string status, bool isAborted) =>
        Assert.Equal(isAborted, Read($$$"""{"type":"{{{type}}}","response":{"status":"{{{status}}}"}}""").IsAborted);

    [Fact]
    public void ErrorWithin_IsAnErrorWhateverTheType()
    {
        Assert.Equal(EventKind.Error, Read("""{"error":{"message":"no"}}""").Kind);
        Assert.Equal(EventKind.Error, Read("""{"type":"response.completed","error":"no"}""").Kind);
        Assert.Equal(EventKind.End, Read("""{"type":"response.completed","error":null}""").Kind);
    }

    [Fact]
    public void CountThatIsNone_IsBad() =>
        Assert.True(Read("""{"type":"response.completed","response":{"usage":{"input_tokens":-1,"output_tokens":2}}}""").HasBadUsage);

    [Theory]
    [InlineData("")]
    [InlineData("[DONE]")]
    [InlineData("[]")]
    [InlineData("{} {}")]
    [InlineData("""{"type":"response.completed"}}""")]
    public void AnythingButOneObject_IsRefused(string json) => Assert.False(ResponseEvent.TryRead(Encoding.UTF8.GetBytes(json), out _));

    [Fact]
    public void EventThatBreaksOff_IsRefusedAtEveryByte()
    {
        var json = Encoding.UTF8.GetBytes($$"""{"response":{"id":"r","usage":{{Usage}}},"sequence_number":9,"type":"response.completed"}""");
        for (var length = 0; length < json.Length; length++)
        {
            Assert.False(ResponseEvent.TryRead(json.AsSpan(0, length), out _), $"the first {length} bytes");
        }
    }

    private static ResponseEvent Read(string json)
    {
        Assert.True(ResponseEvent.TryRead(Encoding.UTF8.GetBytes(json), out var read), json);
        Assert.True(ResponseEvent.TryReadWithReader(Encoding.UTF8.GetBytes(json), out var again));
        Assert.Equal(again, read);
        return read;
    }
}
