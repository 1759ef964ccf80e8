using System.Text;
using Podvirt.Core.Requests;

namespace Podvirt.Core.Tests.Requests;

/// <summary>What a request has for the engine to work on, and in how many pieces it wants the answer.</summary>
public sealed class RequestInputTests
{
    [Theory]
    [InlineData("\"once\"", 0)]
    [InlineData("[1,2,3]", 1)]
    [InlineData("[\"a\",\"b\"]", 2)]
    [InlineData("[[1,2],[3],[4]]", 3)]
    [InlineData("[]", 0)]
    public void Prompts_AreCountedAsTexts(string prompt, int count) =>
        Assert.Equal(count, Peek(RequestSurface.Completions, $"\"prompt\":{prompt}").Prompts);

    [Fact]
    public void BestOf_IsReadBesideTheChoices()
    {
        var request = Peek(RequestSurface.Completions, "\"prompt\":\"a\",\"n\":2,\"best_of\":5");
        Assert.Equal((2, 5), (request.Choices, request.BestOf));
    }

    [Theory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void StreamOfManyAnswers_IsBounded(int prompts, bool isTaken)
    {
        var body = $"{{\"model\":\"m\",\"n\":128,\"stream\":true,\"prompt\":[{string.Join(',', Enumerable.Repeat("\"a\"", prompts))}]}}";
        var error = RequestPeeker.Peek(Encoding.UTF8.GetBytes(body), RequestSurface.Completions, out _);
        Assert.Equal(isTaken, error is null);
        Assert.Equal(isTaken ? null : "prompt", error?.Param);

        // A plain reply has them all in one piece.
        Assert.Null(RequestPeeker.Peek(Encoding.UTF8.GetBytes(body.Replace("true", "false", StringComparison.Ordinal)), RequestSurface.Completions, out _));
    }

    [Theory]
    [InlineData("", false, false)]
    [InlineData(",\"stream\":true", false, true)]
    [InlineData(",\"stream_format\":\"sse\"", true, false)]
    [InlineData(",\"stream_format\":\"sse\",\"stream\":true", true, false)]
    [InlineData(",\"stream\":true,\"stream_format\":\"sse\"", true, false)]
    [InlineData(",\"stream\":true,\"stream_format\":\"audio\"", false, false)]
    [InlineData(",\"stream\":true,\"stream_format\":null", false, true)]
    [InlineData(",\"stream_format\":\"audio\"", false, false)]
    public void SpeechInPieces_IsEventsWhereTheFormatSaysSo(string members, bool isStream, bool mayBe)
    {
        var request = Peek(RequestSurface.Speech, "\"input\":\"Hello\"" + members);
        Assert.Equal((isStream, mayBe), (request.Stream, request.MayStream));
    }

    [Theory]
    [InlineData(RequestSurface.Rerank, "\"query\":{\"content\":[]},\"documents\":{\"content\":[]}", "{\"content\":[]}")]
    [InlineData(RequestSurface.Rerank, "\"documents\":\"d\",\"query\":\"q\",\"temperature\":\"hot\",\"n\":0", "\"q\"")]
    [InlineData(RequestSurface.Score, "\"text_1\":\"a\",\"text_2\":[\"b\"]", "\"a\"")]
    [InlineData(RequestSurface.Score, "\"queries\":[\"a\"],\"items\":[\"b\"]", "[\"a\"]")]
    [InlineData(RequestSurface.Score, "\"data_2\":[\"b\"],\"data_1\":[\"a\"]", "[\"a\"]")]
    [InlineData(RequestSurface.Tokenize, "\"prompt\":\"\"", "\"\"")]
    [InlineData(RequestSurface.Detokenize, "\"tokens\":[]", "[]")]
    [InlineData(RequestSurface.Tokenize, "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]", "\"hi\"")]
    [InlineData(RequestSurface.Embeddings, "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]", "\"hi\"")]
    public void InputOfAnySpelling_IsTaken(RequestSurface surface, string members, string input)
    {
        var body = Encoding.UTF8.GetBytes($"{{\"model\":\"m\",{members}}}");
        Assert.Null(RequestPeeker.Peek(body, surface, out var request));
        Assert.Equal(input, Encoding.UTF8.GetString(request.FirstUserMessage.Of(body)));
    }

    private static PeekedRequest Peek(RequestSurface surface, string members)
    {
        Assert.Null(RequestPeeker.Peek(Encoding.UTF8.GetBytes($"{{\"model\":\"m\",{members}}}"), surface, out var request));
        return request;
    }
}
