using System.Text;
using BenchmarkDotNet.Attributes;
using Podvirt.Core.Sse;

namespace Podvirt.Microbenchmarks;

/// <summary>Finding events and their data in one read of the engine's.</summary>
public class SseBenchmarks
{
    private byte[] _events = [];

    [Params(1, 8)]
    public int Events { get; set; }

    [GlobalSetup]
    public void SetUp() => _events = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, Events).Select(i => Samples.Event(Samples.Delta(" token", i)))));

    [Benchmark]
    public int FindEventEnds()
    {
        var scanner = default(SseScanner);
        var rest = _events.AsSpan();
        var found = 0;
        while (rest.Length > 0 && scanner.FindEventEnd(rest) is > 0 and var length)
        {
            rest = rest[length..];
            found++;
        }
        return found;
    }

    [Benchmark]
    public int FindEventEndsAndData()
    {
        var scanner = default(SseScanner);
        var rest = _events.AsSpan();
        var found = 0;
        while (rest.Length > 0 && scanner.FindEventEnd(rest) is > 0 and var length)
        {
            found += SseEvent.FindData(rest[..length]).Length;
            rest = rest[length..];
        }
        return found;
    }
}
