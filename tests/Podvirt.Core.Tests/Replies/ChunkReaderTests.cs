using System.Text;
using CsCheck;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Replies;

public sealed class ChunkReaderTests
{
    private const string Start = """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",""";
    private const string Token = "\"choices\":[{\"index\":2,\"delta\":{\"content\":\"Hi\"}}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}";

    [Fact]
    public void ChunksOfOneStream_EachGiveTheirOwnFacts()
    {
        var reader = new ChunkReader();
        for (var i = 0; i < 5; i++)
        {
            var chunk = Encoding.UTF8.GetBytes(Start + Token.Replace(":5}", $":{i}}}", StringComparison.Ordinal));
            Assert.True(reader.TryRead(chunk, out var facts));
            Assert.Equal(new TokenCounts(9, 0, i, 0), facts.Tokens);
            Assert.Equal(2, facts.Choice);
            Assert.StartsWith(",\"usage\":{", Encoding.UTF8.GetString(facts.UsageMember.Of(chunk)), StringComparison.Ordinal);
            Assert.Equal((byte)'}', chunk[facts.UsageMember.End]);
        }
    }

    [Theory]
    [InlineData(Start + "\"choices\":[]}")]
    [InlineData(Start + "\"error\":{}}")]
    [InlineData(Start + "\"usage\":null,\"choices\":[1]}")]
    [InlineData(Start + " \n\"x\":0, \"choices\" : [ ] }")]
    [InlineData(Start + "\"choi\\u0063es\":[{}]}")]
    [InlineData("{" + Token)]
    [InlineData("{\"id\":\"2\"," + Token)]
    [InlineData("{\"error\":\"x\",\"choices\":[]}")]
    [InlineData("{}")]
    public void AnotherChunkInBetween_IsReadAsByItself(string other)
    {
        var (chunk, between) = (Encoding.UTF8.GetBytes(Start + Token), Encoding.UTF8.GetBytes(other));
        Assert.True(ChunkFacts.TryReadWithReader(chunk, out var ofChunk));
        Assert.True(ChunkFacts.TryReadWithReader(between, out var ofOther));
        var reader = new ChunkReader();
        foreach (var (bytes, expected) in ((byte[], ChunkFacts)[])[(chunk, ofChunk), (between, ofOther), (between, ofOther), (chunk, ofChunk), (chunk, ofChunk)])
        {
            Assert.True(reader.TryRead(bytes, out var facts));
            Assert.Equal(expected, facts);
        }
    }

    [Theory]
    [InlineData(Start)]
    [InlineData(Start + "}")]
    [InlineData(Start + ",\"choices\":[]}")]
    [InlineData(Start + "\"choices\":[]")]
    [InlineData(Start + "\"choices\":[]}}")]
    [InlineData(Start + "\"choices\"")]
    [InlineData(Start + "1}")]
    public void GoodStartWithABadRest_IsRefusedWithoutFacts(string json)
    {
        var reader = new ChunkReader();
        Assert.True(reader.TryRead(Encoding.UTF8.GetBytes(Start + Token), out _));
        Assert.False(reader.TryRead(Encoding.UTF8.GetBytes(json), out var facts));
        Assert.Equal(default, facts);
        Assert.True(reader.TryRead(Encoding.UTF8.GetBytes(Start + Token), out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(200)]
    [InlineData(5000)]
    public void StartOfAnyLength_ReadsAlike(int length)
    {
        var chunk = Encoding.UTF8.GetBytes($"{{\"model\":\"{new string('m', length)}\",{Token}");
        var reader = new ChunkReader();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(reader.TryRead(chunk, out var facts));
            Assert.Equal(new TokenCounts(9, 0, 5, 0), facts.Tokens);
        }
    }

    [Fact]
    public void RandomStreams_GiveWhatEachChunkGivesAlone()
    {
        var member = Gen.OneOf(
            "\"id\":\"1\"", "\"id\":\"2\"", "\"model\":\"m\"", "\"choices\":[]", "\"choices\":[{\"index\":1}]", "\"choices\":null", "\"usage\":null",
            "\"usage\":{\"prompt_tokens\":3}", "\"error\":{}", "\"error\":null", "\"us\\u0061ge\":{\"prompt_tokens\":4}", "bad");
        member.Array[0, 5].Select(members => $"{{{string.Join(',', members)}}}").Array[1, 8].Sample(chunks =>
        {
            var reader = new ChunkReader();
            foreach (var chunk in chunks)
            {
                var json = Encoding.UTF8.GetBytes(chunk);
                var isExpected = ChunkFacts.TryReadWithReader(json, out var expected);
                Assert.Equal(isExpected, reader.TryRead(json, out var facts));
                Assert.Equal(expected, facts);
            }
        }, iter: 3_000);
    }

    [Fact]
    public void Reading_AllocatesNothingPerChunk()
    {
        var chunk = Encoding.UTF8.GetBytes(Start + Token);
        var other = Encoding.UTF8.GetBytes("{\"id\":\"2\"," + Token);
        var reader = new ChunkReader();
        Assert.Equal(0, Allocations.Of(() =>
        {
            reader.TryRead(chunk, out _);
            reader.TryRead(chunk, out _);
            reader.TryRead(other, out _);
        }));
    }
}
