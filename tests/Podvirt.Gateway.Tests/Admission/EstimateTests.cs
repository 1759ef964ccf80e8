using System.Text;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Admission;

namespace Podvirt.Gateway.Tests.Admission;

public sealed class EstimateTests
{
    // A body of 400 bytes is taken for 101 tokens.
    private const int BodyBytes = 400;
    private const int Prompt = 101;

    [Theory]
    [InlineData(RequestSurface.Completions, "\"prompt\":\"a\",\"max_tokens\":10", Prompt, 10)]
    [InlineData(RequestSurface.Completions, "\"prompt\":\"a\",\"max_tokens\":10,\"n\":2", Prompt, 20)]
    [InlineData(RequestSurface.Completions, "\"prompt\":\"a\",\"max_tokens\":10,\"n\":2,\"best_of\":5", Prompt, 50)]
    [InlineData(RequestSurface.Completions, "\"prompt\":[\"a\",\"b\",\"c\"],\"max_tokens\":10,\"n\":2", Prompt, 60)]
    [InlineData(RequestSurface.Completions, "\"prompt\":[1,2,3],\"max_tokens\":10", Prompt, 10)]
    [InlineData(RequestSurface.Embeddings, "\"input\":[\"a\",\"b\"]", Prompt, 0)]
    [InlineData(RequestSurface.Rerank, "\"query\":\"a\",\"documents\":[\"a\"]", Prompt, 0)]
    [InlineData(RequestSurface.Score, "\"text_1\":\"a\",\"text_2\":\"a\"", Prompt, 0)]
    [InlineData(RequestSurface.Speech, "\"input\":\"a\"", Prompt, 0)]
    [InlineData(RequestSurface.Tokenize, "\"prompt\":\"a\"", 0, 0)]
    [InlineData(RequestSurface.Detokenize, "\"tokens\":[1]", 0, 0)]
    public void Request_ReservesWhatItMayUse(RequestSurface surface, string members, long prompt, long completion)
    {
        Assert.Null(RequestPeeker.Peek(Encoding.UTF8.GetBytes($"{{\"model\":\"m\",{members}}}"), surface, out var request));
        Assert.Equal(new Estimate(prompt, completion), Estimate.Of(request, BodyBytes, surface, new GatewayOptions()));
    }
}
