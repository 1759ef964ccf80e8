using BenchmarkDotNet.Attributes;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Affinity;

namespace Podvirt.Microbenchmarks;

/// <summary>What is done to a request body before it is sent.</summary>
public class RequestBenchmarks
{
    private readonly ReadOnlyMemory<byte> _servedAs = "\"other-name\""u8.ToArray();
    private byte[] _body = [];
    private PeekedRequest _request;

    [Params(512, 32 * 1024)]
    public int BodyBytes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _body = Samples.Request(BodyBytes);
        if (RequestPeeker.Peek(_body, RequestSurface.ChatCompletions, out _request) is { } error)
        {
            throw new InvalidOperationException(error.Message);
        }
    }

    [Benchmark]
    public bool Peek() => RequestPeeker.Peek(_body, RequestSurface.ChatCompletions, out _) is null;

    [Benchmark]
    public int Splice()
    {
        var splice = BodySplice.For(_request, _servedAs, continuousUsage: true);
        var position = 0;
        var bytes = splice.LengthDelta;
        while (splice.TryGetPiece(_body, ref position, out var piece))
        {
            bytes += piece.Length;
        }
        return bytes;
    }

    [Benchmark]
    public ulong SessionOfConversation() => SessionHash.OfConversation("key", _body, _request);

    [Benchmark]
    public ulong SessionOfHeader() => SessionHash.OfHeader("project", "0193a6b2-c7de-7f0a-9b1c-2d3e4f506172");
}
