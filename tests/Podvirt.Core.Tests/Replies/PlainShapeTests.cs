using System.Text;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Replies;

/// <summary><see cref="PlainUsageScanner"/> on responses and messages, in every split.</summary>
public sealed class PlainShapeTests
{
    private const string Usage = """{"input_tokens":9,"output_tokens":2,"input_tokens_details":{"cached_tokens":4}}""";

    [Theory]
    [InlineData("completed", false, false)]
    [InlineData("incomplete", false, false)]
    [InlineData("cancelled", true, false)]
    [InlineData("failed", false, true)]
    public void Response_HasIdStatusAndCounts(string status, bool isAborted, bool isFailed)
    {
        var reply = $$"""{"x":"id","id":"r-1","o":[{"id":"m","status":"cancelled"}],"status":"{{status}}","usage":{{Usage}}}""";
        foreach (var scanner in Scan(reply, UsageShape.Responses))
        {
            Assert.Equal("r-1", Encoding.UTF8.GetString(scanner.Id));
            Assert.Equal((isAborted, isFailed, true), (scanner.IsAborted, scanner.IsFailed, scanner.IsWhole));
            Assert.True(scanner.TryGetCounts(out var tokens, out _));
            Assert.Equal(new TokenCounts(9, 4, 2, 0), tokens);
        }
    }

    [Theory]
    [InlineData("""{"id":"r\u0031"}""")]
    [InlineData("""{"id":7}""")]
    [InlineData("""{"o":{"id":"r"}}""")]
    [InlineData("""["id","r"]""")]
    [InlineData("""{"o":"id","p":"r"}""")]
    public void ResponseWithoutAPlainId_HasNone(string reply)
    {
        foreach (var scanner in Scan(reply, UsageShape.Responses))
        {
            Assert.True(scanner.Id.IsEmpty);
        }
    }

    [Fact]
    public void IdOfAnyLengthUpToTheLimit_IsKept()
    {
        foreach (var (length, kept) in new[] { (ResponseIds.BytesMax, ResponseIds.BytesMax), (ResponseIds.BytesMax + 1, 0) })
        {
            var scanner = new PlainUsageScanner(UsageShape.Responses);
            scanner.Scan(Encoding.ASCII.GetBytes($$"""{"id":"{{new string('r', length)}}"}"""));
            Assert.Equal(kept, scanner.Id.Length);
        }
    }

    [Theory]
    [InlineData(""","stop_reason":"end_turn" """, false)]
    [InlineData(""","stop_reason":null""", true)]
    [InlineData("", true)]
    [InlineData(""","c":[{"stop_reason":"x"}]""", true)]
    public void Message_IsGivenUpWhereNothingSaysWhyItEnds(string reason, bool isAborted)
    {
        var reply = $$$"""{"type":"message","u":{"type":"text"}{{{reason}}},"usage":{"input_tokens":5,"cache_read_input_tokens":4,"output_tokens":2}}""";
        foreach (var scanner in Scan(reply, UsageShape.Messages))
        {
            Assert.Equal(isAborted, scanner.IsAborted);
            Assert.True(scanner.TryGetCounts(out var tokens, out _));
            Assert.Equal(new TokenCounts(9, 4, 2, 0), tokens);
        }
    }

    [Fact]
    public void WhatIsNoMessage_IsNotGivenUp()
    {
        foreach (var scanner in Scan("""{"input_tokens":14}""", UsageShape.Messages))
        {
            Assert.False(scanner.IsAborted);
            Assert.False(scanner.TryGetCounts(out _, out _));
        }
    }

    private static IEnumerable<PlainUsageScanner> Scan(string reply, UsageShape shape)
    {
        foreach (var pieces in Splits.Of(Encoding.UTF8.GetBytes(reply)))
        {
            var scanner = new PlainUsageScanner(shape);
            foreach (var piece in pieces)
            {
                scanner.Scan(piece.Span);
            }
            yield return scanner;
        }
    }
}
