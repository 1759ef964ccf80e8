using HdrHistogram;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Generator;

/// <summary>Counts and times of one run. On the generator's one thread.</summary>
internal sealed class LoadRecorder
{
    private readonly LongHistogram _delay = Delays.NewHistogram();
    private readonly LongHistogram _first = Delays.NewHistogram();
    private readonly LongHistogram _path = Delays.NewHistogram();
    private readonly LongHistogram _gap = Delays.NewHistogram();
    private readonly Dictionary<string, int> _failures = new(StringComparer.Ordinal);
    private readonly List<RequestDetail> _details = [];
    private readonly long _begun = MonotonicClock.Now;
    private long _tokens;
    private long _astray;
    private long _bytes;
    private int _clean;
    private int _aborted;

    public void RecordBytes(int count) => _bytes += count;

    public void RecordToken() => _tokens++;

    public void RecordDelay(long nanoseconds) => Delays.Record(_delay, nanoseconds);

    public void RecordGap(long nanoseconds) => Delays.Record(_gap, nanoseconds);

    /// <param name="whole">From the request on.</param>
    /// <param name="path">Without the engine's share; negative: the engine did not say.</param>
    public void RecordFirstToken(long whole, long path)
    {
        Delays.Record(_first, whole);
        if (path >= 0)
        {
            Delays.Record(_path, path);
        }
    }

    public void RecordEnd(string? failure, bool aborted, long astray)
    {
        _astray += astray;
        if (failure is not null)
        {
            _failures[failure] = _failures.GetValueOrDefault(failure) + 1;
        }
        else if (aborted)
        {
            _aborted++;
        }
        else
        {
            _clean++;
        }
    }

    public void RecordDetail(RequestDetail detail) => _details.Add(detail);

    public LoadResult ToResult(int started) => new()
    {
        Started = started,
        Clean = _clean,
        Aborted = _aborted,
        Failures = _failures,
        Tokens = _tokens,
        TokensAstray = _astray,
        Bytes = _bytes,
        Seconds = (MonotonicClock.Now - _begun) / (double)MonotonicClock.Second,
        TokenDelay = Delays.Of(_delay),
        FirstToken = Delays.Of(_first),
        FirstTokenPath = Delays.Of(_path),
        Gap = Delays.Of(_gap),
        Details = _details,
    };
}
