using System.Text;
using BenchmarkDotNet.Attributes;
using Podvirt.Core.Http;
using Podvirt.Core.Replies;

namespace Podvirt.Microbenchmarks;

/// <summary>Reading what an engine says of its usage.</summary>
public class ReplyBenchmarks
{
    private readonly byte[] _delta = Encoding.ASCII.GetBytes(Samples.Delta(" token", 17));
    private readonly ChunkReader _stream = new();
    private readonly byte[] _logprobs = Encoding.ASCII.GetBytes(Samples.DeltaWithLogprobs);
    private readonly byte[] _usage = Encoding.ASCII.GetBytes(Samples.Usage);
    private readonly byte[] _responseDelta = Encoding.ASCII.GetBytes(Samples.ResponseDelta);
    private readonly byte[] _messageDelta = Encoding.ASCII.GetBytes(Samples.MessageDelta);
    private readonly byte[] _plain = Samples.PlainReply(16 * 1024);
    private readonly byte[] _head = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\ndate: Mon, 24 Nov 2025 01:53:12 GMT\r\nserver: uvicorn\r\nx-request-id: 0193a6b2-c7de-7f0a-9b1c-2d3e4f506172\r\n"
        + "content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n");

    private MessageUsage _messageUsage;

    /// <summary>In the middle of a stream, as nearly all are.</summary>
    [Benchmark]
    public bool ChunkFactsOfToken() => _stream.TryRead(_delta, out _);

    [Benchmark]
    public bool ChunkFactsOfFirstToken() => ChunkFacts.TryRead(_delta, out _);

    [Benchmark]
    public bool ChunkFactsOfTokenWithLogprobs() => _stream.TryRead(_logprobs, out _);

    [Benchmark]
    public bool ChunkFactsOfUsageChunk() => _stream.TryRead(_usage, out _);

    [Benchmark]
    public bool ResponseEventOfToken() => ResponseEvent.TryRead(_responseDelta, out _);

    [Benchmark]
    public bool MessageEventOfToken() => MessageEvent.TryRead(_messageDelta, ref _messageUsage, out _);

    [Benchmark]
    public bool PlainUsageIn16KiB()
    {
        var scanner = new PlainUsageScanner();
        scanner.Scan(_plain);
        return scanner.TryGetCounts(out _, out _);
    }

    [Benchmark]
    public HeadParseResult Head() => ResponseHead.Parse(_head, out _, out _);
}
