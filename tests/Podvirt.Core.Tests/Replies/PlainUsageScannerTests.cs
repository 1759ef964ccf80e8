using System.Text;
using System.Text.Json;
using CsCheck;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Replies;

public sealed class PlainUsageScannerTests
{
    private const string Usage = """{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8}}""";
    private static readonly TokenCounts s_counts = new(9, 8, 5, 0);

    [Theory]
    [InlineData("""{"id":"x","choices":[{"message":{"content":"hi"}}],"usage":@}""")]
    [InlineData("""{"usage":@,"choices":[{"message":{"content":"hi"}}]}""")]
    [InlineData("""{"usage":@}""")]
    [InlineData(" { \"a\" : [ ] ,\n\t\"usage\"  : \r\n @ , \"b\" : { } } ")]
    [InlineData("""{"c":"\"usage\":{\"prompt_tokens\":1}\\","usage":@}""")]
    [InlineData("""{"c":{"usage":{"prompt_tokens":1}},"usage":@,"d":{"usage":{"prompt_tokens":2}}}""")]
    [InlineData("""{"c":[{"usage":{"prompt_tokens":1}},{"usage":null}],"usage":@,"d":"usage","e":{"x":1}}""")]
    [InlineData("""{"usag":{"prompt_tokens":1},"usages":{"prompt_tokens":1},"usage":@,"Usage":{"prompt_tokens":1}}""")]
    [InlineData("""{"c":"usage","d":{"prompt_tokens":1},"usage":@}""")]
    [InlineData("""{"c":["usage",{"prompt_tokens":1}],"usage":@}""")]
    [InlineData("""{"\"usage":{"prompt_tokens":1},"\\":{},"usage":@}""")]
    [InlineData("""{"c":"{[{[","usage":@,"d":"]}]}"}""")]
    public void ReplyInAnySplit_GivesItsCounts(string shape)
    {
        var reply = Encoding.UTF8.GetBytes(shape.Replace("@", Usage, StringComparison.Ordinal));
        foreach (var pieces in Splits.Of(reply))
        {
            Assert.Equal(s_counts, Scan(pieces));
        }
    }

    [Theory]
    [InlineData("""{"choices":[{"usage":{"prompt_tokens":9}}]}""")]
    [InlineData("""{"c":"\"usage\":{\"prompt_tokens\":9}"}""")]
    [InlineData("""{"usage":null}""")]
    [InlineData("""{"usage":null,"c":{"prompt_tokens":9}}""")]
    [InlineData("""{"usage":[{"prompt_tokens":9}]}""")]
    [InlineData("""{"usage":"x","c":{"prompt_tokens":9}}""")]
    [InlineData("""{"usage":5}""")]
    [InlineData("""{"usage":{}}""")]
    [InlineData("""{"usage":{"total_tokens":9}}""")]
    [InlineData("""{"usage":{"prompt_tokens":9""")]
    [InlineData("""{"usage":{"prompt_tokens":}}""")]
    [InlineData("""{"usage":{"\ud800\ud800\ud800":1}}""")]
    [InlineData("""[{"usage":{"prompt_tokens":9}}]""")]
    [InlineData("""[0,"usage",{"prompt_tokens":9}]""")]
    [InlineData("""{"error":{"message":"no usage"}}""")]
    [InlineData("")]
    [InlineData("not json")]
    public void ReplyWithoutCounts_GivesNoneInAnySplit(string reply)
    {
        foreach (var pieces in Splits.Of(Encoding.UTF8.GetBytes(reply)))
        {
            Assert.Null(Scan(pieces));
        }
    }

    [Fact]
    public void ReplyThatBreaksOffBehindItsUsage_StillHasTheCounts() =>
        Assert.Equal(s_counts, Scan([Encoding.UTF8.GetBytes($$"""{"usage":{{Usage}},"choices":[{"mess""")]));

    [Theory]
    [InlineData("""{"a":"}]","b":[{"c":"\"}"},[]],"usage":{"prompt_tokens":1}}""")]
    [InlineData("""[{"a":1},{}]""")]
    [InlineData("{}")]
    public void ReplyBrokenOffAnywhere_IsNotWhole(string reply)
    {
        var bytes = Encoding.UTF8.GetBytes(reply);
        for (var length = 0; length <= bytes.Length; length++)
        {
            var scanner = new PlainUsageScanner();
            scanner.Scan(bytes.AsSpan(0, length));
            Assert.Equal(length == bytes.Length, scanner.IsWhole);
        }
    }

    [Theory]
    [InlineData("""{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"abort"}],"usage":@}""", true)]
    [InlineData("""{"choices":[{"finish_reason" : "abort" ,"x":1}]}""", true)]
    [InlineData("""{"choices":[{"finish_reason":"stop"},{"a":[],"finish_reason":"abort"}]}""", true)]
    [InlineData("""{"choices":[{"finish_reason":"stop","stop_reason":"abort"}]}""", false)]
    [InlineData("""{"choices":[{"finish_reason":"aborted"},{"finish_reason":"abor"},{"finish_reason":null}]}""", false)]
    [InlineData("""{"choices":[{"finish_reasons":"abort","finish_reaso":"abort","x":"finish_reason","y":"abort"}]}""", false)]
    [InlineData("""{"choices":[["finish_reason","abort"],{"finish_reason":["abort"]}]}""", false)]
    [InlineData("""{"choices":[{"message":{"finish_reason":"abort","content":"\"finish_reason\":\"abort\""}}]}""", false)]
    [InlineData("""{"finish_reason":"abort","choices":[]}""", false)]
    public void ChoiceThatTheEngineGaveUp_IsSeenInAnySplit(string shape, bool expected)
    {
        foreach (var pieces in Splits.Of(Encoding.UTF8.GetBytes(shape.Replace("@", Usage, StringComparison.Ordinal))))
        {
            var scanner = new PlainUsageScanner();
            foreach (var piece in pieces)
            {
                scanner.Scan(piece.Span);
            }
            Assert.Equal(expected, scanner.IsAborted);
        }
    }

    [Fact]
    public void CountThatIsNone_IsTold()
    {
        var scanner = new PlainUsageScanner();
        scanner.Scan("""{"usage":{"prompt_tokens":9,"completion_tokens":-5}}"""u8);
        Assert.True(scanner.TryGetCounts(out var tokens, out var isBad));
        Assert.Equal((9L, true), (tokens.Prompt, isBad));
    }

    [Fact]
    public void LongStrings_AreSkipped()
    {
        var text = string.Concat(Enumerable.Repeat("""a \"usage\":{ ü \\ """, 20_000));
        var reply = Encoding.UTF8.GetBytes($$$"""{"{{{text}}}":"{{{text}}}","c":["{{{text}}}"],"usage":{{{Usage}}}}""");
        Assert.Equal(s_counts, Scan([reply]));
        Assert.Equal(s_counts, Scan(reply.Chunk(977).Select(c => (ReadOnlyMemory<byte>)c)));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void Usage_IsBounded(int over, bool accepted)
    {
        const string Frame = """{"prompt_tokens":9,"x":""}""";
        var usage = Frame.Insert(Frame.Length - 2, new string('y', PlainUsageScanner.UsageBytesMax - Frame.Length + over));
        var reply = Encoding.UTF8.GetBytes($$"""{"usage":{{usage}},"choices":[]}""");
        Assert.Equal(accepted ? new TokenCounts(9, 0, 0, 0) : null, Scan([reply]));
    }

    [Fact]
    public void RandomReplies_GiveWhatAParserFinds()
    {
        var text = Gen.OneOf("usage", "a", "\\\"", "\\\\", "{", "]", ",", ":", "ü", "\\u0041").Array[0, 4].Select(string.Concat);
        var usage = Gen.Select(Gen.Int[0, 99], Gen.Int[0, 99]).Select((p, c) => $$"""{"prompt_tokens":{{p}},"completion_tokens" : {{c}} }""");
        var value = Gen.OneOf(
            text.Select(t => $"\"{t}\""),
            usage,
            usage.Select(u => $$$"""{"usage":{{{u}}}}"""),
            usage.Select(u => $$$"""[ {"usage":{{{u}}}} , "usage" ]"""),
            Gen.Const("null"));
        var member = Gen.Select(text, value);
        Gen.Select(member.Array[0, 4], Gen.Bool, value, member.Array[0, 3], Gen.Int[0, 200].Array[0, 8])
            .Sample((before, has, usageValue, after, places) =>
            {
                var members = before.Select((m, i) => $"\"{m.Item1}-b{i}\":{m.Item2}").ToList();
                if (has)
                {
                    members.Add($"\"usage\": {usageValue}");
                }
                members.AddRange(after.Select((m, i) => $"\"{m.Item1}-a{i}\" :{m.Item2}"));
                var reply = Encoding.UTF8.GetBytes($"{{{string.Join(" ,", members)}}}");
                Assert.Equal(Parse(reply), Scan(Splits.At(reply, places)));
            }, iter: 10_000);
    }

    [Fact]
    public void ArbitraryBytes_NeverThrow()
    {
        var token = Gen.OneOf("\"usage\":", "{", "}", "[", "]", "\"", "\\", ",", ":", "\"prompt_tokens\":5", "\\ud800", "\xFF", "1");
        token.Array[0, 30].Sample(tokens => { Scan([Encoding.Latin1.GetBytes(string.Concat(tokens))]); }, iter: 20_000);
    }

    [Fact]
    public void Scanning_AllocatesNothing()
    {
        var scanner = new PlainUsageScanner();
        var reply = Encoding.UTF8.GetBytes($$$"""{"choices":[{"message":{"content":"hi"}}],"usage":{{{Usage}}}}""");
        Assert.Equal(0, Allocations.Of(() =>
        {
            scanner.Scan(reply);
            scanner.TryGetCounts(out _, out _);
        }));
    }

    private static TokenCounts? Scan(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var scanner = new PlainUsageScanner();
        foreach (var piece in pieces)
        {
            scanner.Scan(piece.Span);
        }
        return scanner.TryGetCounts(out var tokens, out _) ? tokens : null;
    }

    private static TokenCounts? Parse(byte[] reply)
    {
        using var json = JsonDocument.Parse(reply);
        if (!json.RootElement.TryGetProperty("usage", out var usage)
            || usage.ValueKind != JsonValueKind.Object
            || !usage.TryGetProperty("prompt_tokens", out var prompt))
        {
            return null;
        }
        return new TokenCounts(prompt.GetInt64(), 0, usage.GetProperty("completion_tokens").GetInt64(), 0);
    }
}
