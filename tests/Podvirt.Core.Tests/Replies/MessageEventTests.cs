using System.Text;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Replies;

public sealed class MessageEventTests
{
    private const string Start = """{"type":"message_start","message":{"id":"m","usage":{"input_tokens":9,"output_tokens":0}}}""";

    [Theory]
    [InlineData("message_start", EventKind.Begin)]
    [InlineData("content_block_start", EventKind.Output)]
    [InlineData("content_block_delta", EventKind.Output)]
    [InlineData("content_block_stop", EventKind.Output)]
    [InlineData("message_delta", EventKind.Counts)]
    [InlineData("message_stop", EventKind.End)]
    [InlineData("error", EventKind.Error)]
    [InlineData("ping", EventKind.Other)]
    public void Type_SaysTheKind(string type, EventKind kind)
    {
        var usage = default(MessageUsage);
        Assert.Equal(kind, Read($$"""{"type":"{{type}}"}""", ref usage).Kind);
        Assert.Equal(kind, Read($$"""{"index":2,"delta":{"type":"x"},"type":"{{type}}"}""", ref usage).Kind);
    }

    [Fact]
    public void Block_IsKnownFromItsBeginningToItsEnd()
    {
        var usage = default(MessageUsage);
        var begin = Read("""{"index":2,"type":"content_block_start","content_block":{"type":"text"}}""", ref usage);
        Assert.Equal((2L, true, false), (begin.Block, begin.BeginsBlock, begin.EndsBlock));
        var end = Read("""{"index":2,"type":"content_block_stop"}""", ref usage);
        Assert.Equal((2L, false, true), (end.Block, end.BeginsBlock, end.EndsBlock));
    }

    [Theory]
    [InlineData("""{"output_tokens":5}""", 9, 0, 5)]
    [InlineData("""{"input_tokens":9,"output_tokens":5}""", 9, 0, 5)]
    [InlineData("""{"input_tokens":null,"cache_read_input_tokens":null,"output_tokens":5}""", 9, 0, 5)]
    // The engine knows only now what its cache had: the prompt stays as long as it was.
    [InlineData("""{"input_tokens":3,"cache_read_input_tokens":6,"cache_creation_input_tokens":0,"output_tokens":5}""", 9, 6, 5)]
    [InlineData("""{"input_tokens":3,"cache_read_input_tokens":4,"cache_creation_input_tokens":2,"output_tokens":5}""", 9, 4, 5)]
    public void CountsOfTheStart_AreGoneOnFromInTheDelta(string delta, long prompt, long cached, long completion)
    {
        var usage = default(MessageUsage);
        Assert.True(Read(Start, ref usage).HasUsage);
        Assert.Equal(new TokenCounts(9, 0, 0, 0), usage.Counts);
        var read = Read($$"""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{{delta}}}""", ref usage);
        Assert.Equal((true, true), (read.HasUsage, read.HasStopReason));
        Assert.Equal(new TokenCounts(prompt, cached, completion, 0), usage.Counts);
    }

    [Theory]
    [InlineData("null", false)]
    [InlineData("\"max_tokens\"", true)]
    public void StopReason_IsGivenOrNot(string reason, bool isGiven)
    {
        var usage = default(MessageUsage);
        Assert.Equal(isGiven, Read($$$"""{"type":"message_delta","delta":{"stop_reason":{{{reason}}}},"usage":{"output_tokens":1}}""", ref usage).HasStopReason);
        Assert.False(Read($$$"""{"type":"content_block_delta","delta":{"stop_reason":{{{reason}}}}}""", ref usage).HasStopReason);
    }

    [Theory]
    [InlineData("""{"input_tokens":-1,"output_tokens":2}""")]
    [InlineData("""{"input_tokens":9223372036854775807,"cache_read_input_tokens":1,"output_tokens":2}""")]
    [InlineData("""{"input_tokens":1,"cache_read_input_tokens":"2","output_tokens":2}""")]
    public void CountThatIsNone_IsBad(string delta)
    {
        var usage = default(MessageUsage);
        Assert.True(Read($$"""{"type":"message_delta","usage":{{delta}}}""", ref usage).HasBadUsage);
    }

    [Fact]
    public void CountsInAnotherPlace_AreNone()
    {
        var usage = default(MessageUsage);
        Assert.False(Read("""{"type":"message_start","usage":{"input_tokens":9,"output_tokens":0}}""", ref usage).HasUsage);
        Assert.False(Read("""{"type":"message_delta","message":{"usage":{"input_tokens":9,"output_tokens":0}}}""", ref usage).HasUsage);
        Assert.False(Read("""{"type":"message_stop","usage":{"input_tokens":9,"output_tokens":0}}""", ref usage).HasUsage);
        Assert.Equal(default, usage.Counts);
    }

    [Fact]
    public void EventThatBreaksOff_IsRefusedAndTeachesNothing()
    {
        var json = Encoding.UTF8.GetBytes(Start);
        var usage = default(MessageUsage);
        for (var length = 0; length < json.Length; length++)
        {
            Assert.False(MessageEvent.TryRead(json.AsSpan(0, length), ref usage, out _), $"the first {length} bytes");
        }
        Assert.Equal(default, usage);
    }

    private static MessageEvent Read(string json, ref MessageUsage usage)
    {
        var before = usage;
        Assert.True(MessageEvent.TryRead(Encoding.UTF8.GetBytes(json), ref usage, out var read), json);
        Assert.True(MessageEvent.TryReadWithReader(Encoding.UTF8.GetBytes(json), ref before, out var again));
        Assert.Equal((again, before), (read, usage));
        return read;
    }
}
