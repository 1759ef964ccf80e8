using System.Text;
using System.Text.Json;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Replies;

public sealed class UsageCountsTests
{
    [Theory]
    [InlineData("""{"prompt_tokens":9,"total_tokens":14,"completion_tokens":5}""", 9, 0, 5, 0)]
    [InlineData("""{"prompt_tokens":0,"completion_tokens":0}""", 0, 0, 0, 0)]
    [InlineData("""{"prompt_tokens":7}""", 7, 0, 0, 0)]
    [InlineData("""{"completion_tokens":7,"prompt_tokens":null}""", 0, 0, 7, 0)]
    [InlineData("""{"completion_tokens":7,"prompt_tokens":"9"}""", 0, 0, 7, 0)]
    [InlineData("""{"completion_tokens":7,"prompt_tokens":{"prompt_tokens":9}}""", 0, 0, 7, 0)]
    [InlineData("""{"prompt_tokens":9,"prompt_tokens_details":null}""", 9, 0, 0, 0)]
    [InlineData("""{"prompt_tokens":9,"prompt_tokens_details":{}}""", 9, 0, 0, 0)]
    [InlineData("""{"prompt_tokens":9,"prompt_tokens_details":[{"cached_tokens":8}]}""", 9, 0, 0, 0)]
    [InlineData("""{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":null}}""", 9, 0, 0, 0)]
    [InlineData("""{"prompt_tokens_details":{"audio_tokens":[1],"cached_tokens":8},"prompt_tokens":9}""", 9, 8, 0, 0)]
    [InlineData("""{"completion_tokens":6,"completion_tokens_details":{"reasoning_tokens":4,"x":{"reasoning_tokens":5}}}""", 0, 0, 6, 4)]
    [InlineData("""{"prompt_tokens":9223372036854775807}""", long.MaxValue, 0, 0, 0)]
    [InlineData("""{"pr\u006fmpt_tokens":3}""", 3, 0, 0, 0)]
    public void UsageObject_GivesItsCounts(string json, long prompt, long cached, long completion, long reasoning)
    {
        Assert.True(TryRead(json, out var tokens));
        Assert.Equal(new TokenCounts(prompt, cached, completion, reasoning), tokens);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("\"text\"")]
    [InlineData("[{\"prompt_tokens\":9}]")]
    [InlineData("{}")]
    [InlineData("{\"total_tokens\":9}")]
    [InlineData("{\"prompt_tokens\":1.5,\"completion_tokens\":1e3}")]
    [InlineData("{\"prompt_tokens\":9223372036854775808}")]
    [InlineData("{\"prompt_tokens\":-1,\"completion_tokens\":-5}")]
    [InlineData("{\"prompt_tokens_details\":{\"cached_tokens\":8}}")]
    [InlineData("{\"usage\":{\"prompt_tokens\":9}}")]
    public void AnythingElse_HasNoCounts(string json)
    {
        Assert.False(TryRead(json, out var tokens));
        Assert.Equal(default, tokens);
    }

    [Theory]
    [InlineData("""{"total_tokens":9}""", 9, false)]
    [InlineData("""{"total_tokens":9,"prompt_tokens":null}""", 9, false)]
    [InlineData("""{"total_tokens":9,"prompt_tokens":4}""", 4, false)]
    [InlineData("""{"total_tokens":"9","prompt_tokens":4}""", 4, false)]
    [InlineData("""{"total_tokens":9,"completion_tokens":0}""", 0, false)]
    [InlineData("""{"total_tokens":-9}""", null, true)]
    [InlineData("""{"total_tokens":null}""", null, false)]
    public void TotalThatStandsAlone_IsThePromptsWhereNothingIsGenerated(string json, int? prompt, bool isBad)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        Assert.Equal(prompt is not null, UsageCounts.TryRead(ref reader, UsageShape.Prompts, out var tokens, out var bad));
        Assert.Equal((new TokenCounts(prompt ?? 0, 0, 0, 0), isBad), (tokens, bad));
    }

    [Theory]
    [InlineData("""{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":10}}""", 9, 9, 0, 0)]
    [InlineData("""{"prompt_tokens_details":{"cached_tokens":10},"prompt_tokens":9}""", 9, 9, 0, 0)]
    [InlineData("""{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":-3}}""", 9, 0, 0, 0)]
    [InlineData("""{"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":3}}""", 0, 0, 2, 2)]
    [InlineData("""{"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":-3}}""", 0, 0, 2, 0)]
    [InlineData("""{"prompt_tokens":-9,"completion_tokens":2}""", 0, 0, 2, 0)]
    public void CountsThatCannotBe_NeverMakeAPartLargerThanItsWhole(string json, long prompt, long cached, long completion, long reasoning)
    {
        Assert.True(TryRead(json, out var tokens));
        Assert.Equal(new TokenCounts(prompt, cached, completion, reasoning), tokens);
    }

    [Theory]
    [InlineData("""{"prompt_tokens":-1,"completion_tokens":5}""", true)]
    [InlineData("""{"prompt_tokens":1,"completion_tokens":5.0}""", true)]
    [InlineData("""{"prompt_tokens":1,"completion_tokens":1e3}""", true)]
    [InlineData("""{"prompt_tokens":9223372036854775808}""", true)]
    [InlineData("""{"prompt_tokens":"9"}""", true)]
    [InlineData("""{"completion_tokens":{"a":1}}""", true)]
    [InlineData("""{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":-1}}""", true)]
    [InlineData("""{"completion_tokens":9,"completion_tokens_details":{"reasoning_tokens":true}}""", true)]
    [InlineData("""{"prompt_tokens":9223372036854775807}""", false)]
    [InlineData("""{"prompt_tokens":null,"completion_tokens":5,"total_tokens":-1}""", false)]
    [InlineData("""{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":null,"x":-1},"completion_tokens_details":[-1]}""", false)]
    [InlineData("null", false)]
    [InlineData("-5", false)]
    public void CountThatIsNone_IsTold(string json, bool expected)
    {
        TryRead(json, out _, out var isBad);
        Assert.Equal(expected, isBad);
    }

    // The reader must end on the value's last token, whatever the value.
    private static bool TryRead(string json, out TokenCounts tokens) => TryRead(json, out tokens, out _);

    private static bool TryRead(string json, out TokenCounts tokens, out bool isBad)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes($"[{json},77]"));
        reader.Read();
        reader.Read();
        var result = UsageCounts.TryRead(ref reader, out tokens, out isBad);
        Assert.True(reader.Read());
        Assert.Equal(77, reader.GetInt32());
        return result;
    }
}
