using BenchmarkDotNet.Attributes;

namespace Podvirt.Microbenchmarks;

/// <summary>
/// The relay's own work for one read of the engine's: framing, events, usage, edit, write, flush. Pipes in memory stand for
/// both sockets, so their cost is in it, and the kernel's is not.
/// </summary>
public class RelayBenchmarks : IDisposable
{
    private RelayOnPipes? _relay;
    private byte[] _read = [];

    [Params(1, 8)]
    public int Events { get; set; }

    /// <summary>Whether the client asked for usage on every chunk; else it is cut out of every event.</summary>
    [Params(false, true)]
    public bool WantsUsage { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _read = Samples.Chunked(Events);
        _relay = new RelayOnPipes(WantsUsage);
    }

    [Benchmark]
    public long RelayRead() => _relay!.Relay(_read);

    [GlobalCleanup]
    public void Dispose()
    {
        _relay?.Dispose();
        GC.SuppressFinalize(this);
    }
}
