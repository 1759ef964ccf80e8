using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Podvirt.Core.Replies;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Replies;

public sealed class ChunkFactsTests
{
    private const string Role =
        """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}""";

    private const string Delta =
        """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":null,"finish_reason":null,"token_ids":null}],"usage":{"prompt_tokens":9,"total_tokens":10,"completion_tokens":1}}""";

    private const string Last =
        """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":9,"total_tokens":14,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}}}""";

    private const string Plain =
        """{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"Hi","logprobs":null,"finish_reason":null,"stop_reason":null}],"usage":null}""";

    [Fact]
    public void RoleChunk_HasChoicesAndNoUsage()
    {
        var facts = Read(Role);
        Assert.True(facts.HasChoices);
        Assert.False(facts.ChoicesAreEmpty);
        Assert.False(facts.HasUsage);
        Assert.False(facts.UsageMember.IsPresent);
        Assert.False(facts.UsageValue.IsPresent);
        Assert.False(facts.IsError);
    }

    [Fact]
    public void ContinuousUsage_IsReadFromADelta()
    {
        var facts = Read(Delta);
        Assert.True(facts.HasChoices);
        Assert.True(facts.HasUsage);
        Assert.Equal(new TokenCounts(9, 0, 1, 0), facts.Tokens);
        Assert.Equal(""","usage":{"prompt_tokens":9,"total_tokens":10,"completion_tokens":1}""", Text(Delta, facts.UsageMember));
    }

    [Fact]
    public void UsageChunk_HasEmptyChoicesAndAllCounts()
    {
        var facts = Read(Last);
        Assert.True(facts.ChoicesAreEmpty);
        Assert.False(facts.HasChoices);
        Assert.Equal(new TokenCounts(9, 8, 5, 3), facts.Tokens);
    }

    [Fact]
    public void NullUsage_IsAMemberWithoutCounts()
    {
        var facts = Read(Plain);
        Assert.False(facts.HasUsage);
        Assert.Equal("null", Text(Plain, facts.UsageValue));
        Assert.Equal(""","usage":null""", Text(Plain, facts.UsageMember));
    }

    [Theory]
    [InlineData("""{"usage":@,"a":1,"choices":[]}""")]
    [InlineData("""{"a":1,"usage":@,"choices":[]}""")]
    [InlineData("""{"a":1,"choices":[],"usage":@}""")]
    [InlineData("""{"usage":@}""")]
    [InlineData("{ \n \"usage\" :\t@ \r\n , \"a\":1 }")]
    [InlineData("{ \"a\" : 1 \n , \n \"usage\" : @ \n , \"b\" : 2 }")]
    [InlineData("{ \"a\" : 1 , \"usage\" : @ \n }")]
    [InlineData(" { \"usage\" : @ } ")]
    [InlineData("""{"us\u0061ge":@,"a":1}""")]
    [InlineData("""{"a":"}],\",","us\u0061ge":@}""")]
    public void UsageMemberTakenOut_LeavesTheRest(string shape)
    {
        foreach (var value in (string[])["{\"prompt_tokens\":1}", "null", "{}", "[1,{\"usage\":2}]", "5", "\"x,y\"", "{ \"completion_tokens\" : 2 , \"x\":[] }"])
        {
            var json = shape.Replace("@", value, StringComparison.Ordinal);
            var facts = Read(json);
            Assert.Equal(value, Text(json, facts.UsageValue));
            Assert.Equal(value.Contains("_tokens", StringComparison.Ordinal), facts.HasUsage);
            CheckCut(json, facts.UsageMember);
        }
    }

    [Theory]
    [InlineData("""{"choices":[{"usage":{"prompt_tokens":5}}],"a":{"usage":{"prompt_tokens":6},"error":{}}}""")]
    [InlineData("""{"choices":[[[]],[{}],{"choices":[]}],"a":[{"usage":{"prompt_tokens":6}}]}""")]
    [InlineData("""{"choices":[1,"usage",{"delta":{"content":"\"usage\":{\"prompt_tokens\":5}"}}]}""")]
    [InlineData("""{"Usage":{"prompt_tokens":5},"usages":{"prompt_tokens":5},"choices":[null]}""")]
    public void NestedOrSimilarNames_CountForNothing(string json)
    {
        var facts = Read(json);
        Assert.False(facts.HasUsage);
        Assert.False(facts.UsageMember.IsPresent);
        Assert.False(facts.IsError);
        Assert.True(facts.HasChoices);
        Assert.False(facts.ChoicesAreEmpty);
    }

    [Theory]
    [InlineData("""{"choices":[{"index":2,"delta":{"index":7}},{"index":3}],"index":9}""", 2)]
    [InlineData("""{"choices":[{"delta":{"index":7},"in\u0064ex":4}]}""", 4)]
    [InlineData("""{"choices":[{"delta":{"index":7}}]}""", 0)]
    [InlineData("""{"choices":[{"index":null}]}""", 0)]
    [InlineData("""{"choices":[{"index":1.5},{"index":3}]}""", 0)]
    [InlineData("""{"choices":[[{"index":3}]]}""", 0)]
    [InlineData("""{"choices":[{},{"index":3}],"usage":null}""", 0)]
    public void Choice_IsTheFirstOnesIndex(string json, int expected) => Assert.Equal(expected, Read(json).Choice);

    [Theory]
    [InlineData("""{"choices":[{"index":0,"delta":{},"finish_reason":"abort"}]}""", true)]
    [InlineData("""{"choices":[{"finish_reason" : "abort" }]}""", true)]
    [InlineData("""{"choices":[{"finish_reason":"stop","stop_reason":"abort"}]}""", false)]
    [InlineData("""{"choices":[{"finish_reason":"aborted","delta":{"finish_reason":"abort"}}]}""", false)]
    [InlineData("""{"choices":[{"finish_reason":null},{"finish_reason":"abort"}]}""", false)]
    [InlineData("""{"choices":[{"finish_reason":["abort"],"index":1}],"finish_reason":"abort"}""", false)]
    [InlineData("""{"choices":[{"finish_reason":"\ud800"}]}""", false)]
    public void Abort_IsTheFirstChoicesFinishReason(string json, bool expected) => Assert.Equal(expected, Read(json).IsAborted);

    [Theory]
    [InlineData("""{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":-1}}""", true)]
    [InlineData("""{"usage":{"prompt_tokens":3.5}}""", true)]
    [InlineData("""{"usage":{"prompt_tokens":99999999999999999999}}""", true)]
    [InlineData("""{"usage":{"prompt_tokens":3,"completion_tokens":1}}""", false)]
    [InlineData("""{"usage":null}""", false)]
    public void CountThatIsNone_IsBad(string json, bool expected) => Assert.Equal(expected, Read(json).HasBadUsage);

    [Theory]
    [InlineData("""{"choices":null}""")]
    [InlineData("""{"choices":{"usage":{"prompt_tokens":5},"error":{}}}""")]
    [InlineData("""{"choices":{},"a":1}""")]
    [InlineData("""{"choices":"[]"}""")]
    [InlineData("""{}""")]
    public void ChoicesThatAreNoArray_AreNeitherEmptyNorThere(string json)
    {
        var facts = Read(json);
        Assert.False(facts.HasChoices);
        Assert.False(facts.ChoicesAreEmpty);
        Assert.False(facts.HasUsage);
        Assert.False(facts.IsError);
    }

    [Theory]
    [InlineData("""{"error":{"message":"m","type":"t","param":null,"code":500}}""", true)]
    [InlineData("""{"error":"Unauthorized"}""", true)]
    [InlineData("""{"err\u006fr":{}}""", true)]
    [InlineData("""{"error":null,"choices":[]}""", false)]
    [InlineData("""{"choices":[{"error":{}}]}""", false)]
    public void Error_IsSeenAtTheTop(string json, bool expected) => Assert.Equal(expected, Read(json).IsError);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("[DONE]")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("{")]
    [InlineData("{\"usage\":{\"prompt_tokens\":1}")]
    [InlineData("{\"usage\":{\"prompt_tokens\":1}} x")]
    [InlineData("{\"usage\":{\"prompt_tokens\":1}}{}")]
    [InlineData("{\"choices\":[}")]
    [InlineData("{\"choices\":[],}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"usage\":{\"\\ud800\\ud800\\ud800\":1}}")]
    public void WhatIsNoJsonObject_IsRefusedWithoutFacts(string json)
    {
        Assert.False(ChunkFacts.TryRead(Encoding.UTF8.GetBytes(json), out var facts));
        Assert.False(facts.HasUsage);
        Assert.False(facts.UsageMember.IsPresent);
        Assert.False(facts.HasChoices || facts.ChoicesAreEmpty || facts.IsError);
    }

    [Fact]
    public void RandomObjects_LoseExactlyTheirUsage()
    {
        var blank = Gen.OneOf("", " ", "\n", " \t\r\n ");
        var value = Gen.OneOf("1", "null", "\"a,}\\\"\"", "{\"usage\":{}}", "[ ]", "[{}, 5]", "{\"a\" : [1 , 2]}");
        Gen.Select(value.Array[0, 5], Gen.Int[0, 5], value, blank.Array[5]).Sample((others, place, usage, b) =>
        {
            var members = others.Select((v, i) => $"\"m{i}\"{b[0]}:{b[1]}{v}{b[2]}").ToList();
            members.Insert(Math.Min(place, members.Count), $"{b[3]}\"usage\"{b[0]}:{b[4]}{usage}{b[1]}");
            var json = $"{b[2]}{{{b[4]}{string.Join(',', members)}}}{b[0]}";
            var facts = Read(json);
            Assert.Equal(usage, Text(json, facts.UsageValue));
            CheckCut(json, facts.UsageMember);
        }, iter: 10_000);
    }

    [Fact]
    public void ArbitraryAndChangedChunks_NeverThrow()
    {
        Gen.Byte.Array[0, 40].Sample(bytes => { ChunkFacts.TryRead(bytes, out _); }, iter: 10_000);
        var piece = Gen.OneOf("\"", "\\ud800", "{", "}", "[", "]", ",", ":", "null", "-1", "1e999", "\"usage\":", "\"choices\":", "\xFF");
        Gen.Select(Gen.Int[0, Last.Length], Gen.Int[0, 5], piece).Array[1, 4].Sample(changes =>
        {
            var json = Last;
            foreach (var (at, removed, added) in changes)
            {
                var place = Math.Min(at, json.Length);
                json = json.Remove(place, Math.Min(removed, json.Length - place)).Insert(place, added);
            }
            if (ChunkFacts.TryRead(Encoding.Latin1.GetBytes(json), out var facts))
            {
                Assert.True(facts.Tokens is { Prompt: >= 0, Cached: >= 0, Completion: >= 0, Reasoning: >= 0 });
            }
        }, iter: 20_000);
    }

    [Theory]
    [InlineData(Role)]
    [InlineData(Delta)]
    [InlineData(Last)]
    [InlineData(Plain)]
    [InlineData("""{"us\u0061ge":{"prompt\u005ftokens":1},"error":"x"}""")]
    public void ValidChunk_AllocatesNothing(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        Assert.Equal(0, Allocations.Of(() => ChunkFacts.TryRead(bytes, out _)));
    }

    [Theory]
    [InlineData(Role)]
    [InlineData(Delta)]
    [InlineData(Last)]
    [InlineData(Plain)]
    [InlineData("""{"choices":[{"index":0,"delta":{"content":"\"\\\/\b\f\n\r\t\u00e9 é"}},[1,-2.5e+3,true,false,null]],"usage":{}}""")]
    [InlineData(" { \"choices\" : [ ] ,\r\n\t\"usage\" : { \"prompt_tokens\" : 0 , \"prompt_tokens_details\" : null } } \n")]
    [InlineData("""{"error":{"message":"m"}}""")]
    public void ChunkAsEnginesWriteIt_IsWalked(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var walked = default(ChunkFacts);
        var choicesAt = 0;
        Assert.True(walked.TryWalk(bytes, from: 0, ref choicesAt));
        Assert.True(ChunkFacts.TryReadWithReader(bytes, out var read));
        Assert.Equal(read, walked);
    }

    [Theory]
    [InlineData("""{"choi\u0063es":[]}""")]
    [InlineData("""{"choices":{}}""")]
    [InlineData("""{"choices":[{"index":1.0}]}""")]
    [InlineData("""{"choices":[{"index":2147483648}]}""")]
    [InlineData("""{"usage":{"prompt_tokens":null}}""")]
    [InlineData("""{"usage":{"prompt_tokens":-1}}""")]
    [InlineData("""{"usage":{"prompt_tokens":1e1}}""")]
    [InlineData("""{"usage":{"prompt_tokens":9999999999999999999}}""")]
    [InlineData("""{"x":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}""")]
    [InlineData("{}")]
    public void UnusualChunk_IsLeftToTheReader(string json)
    {
        var walked = default(ChunkFacts);
        var choicesAt = 0;
        Assert.False(walked.TryWalk(Encoding.UTF8.GetBytes(json), from: 0, ref choicesAt));
        Read(json);
    }

    private static ChunkFacts Read(string json)
    {
        Assert.True(ChunkFacts.TryRead(Encoding.UTF8.GetBytes(json), out var facts), json);
        return facts;
    }

    private static string Text(string json, ByteRange range) => Encoding.UTF8.GetString(range.Of(Encoding.UTF8.GetBytes(json)));

    private static void CheckCut(string json, ByteRange member)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        var left = Encoding.UTF8.GetString([.. bytes[..member.Start], .. bytes[member.End..]]);
        var expected = JsonNode.Parse(json)!.AsObject();
        expected.Remove("usage");
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(left)), $"{json}\nbecame\n{left}");
    }
}
