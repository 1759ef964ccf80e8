using BenchmarkDotNet.Attributes;
using Podvirt.Core.Http;

namespace Podvirt.Microbenchmarks;

/// <summary>Taking the chunked framing off one read.</summary>
public class ChunkedBenchmarks
{
    private byte[] _read = [];
    private ChunkedDecoder _decoder;

    [Params(1, 8)]
    public int Events { get; set; }

    [GlobalSetup]
    public void SetUp() => _read = Samples.Chunked(Events);

    [Benchmark]
    public int Decode()
    {
        ReadOnlySpan<byte> input = _read;
        var bytes = 0;
        while (_decoder.TryRead(ref input, out var payload))
        {
            bytes += payload.Length;
        }
        return bytes;
    }
}
