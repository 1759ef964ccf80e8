using Podvirt.Gateway.Admission.Quotas;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// Units per minute as a bucket: it holds a minute's worth, fills evenly, and may owe what was used beyond the estimate. Exact: the
/// level is counted in units × ticks. Its owner holds a lock.
/// </summary>
internal sealed class RateBucket
{
    public const string RequestsName = "requests";
    public const string TokensName = "tokens";

    private const long Period = TimeSpan.TicksPerMinute;

    // What is there by the numbers lies in another gateway's chunk, or is just being fetched.
    private static readonly TimeSpan s_handOver = TimeSpan.FromSeconds(1);

    private int _limit;
    private Int128 _level;
    private long _at;

    // What lies with the others and in the store, as last seen: fills with time, where the bucket is a chunk.
    private Int128 _pool;
    private Int128 _low;

    /// <summary>It is a chunk of a rate that other gateways use as well: it fills only by what is taken for it.</summary>
    public bool IsChunk { get; init; }

    /// <summary>Units that a request was not admitted for.</summary>
    public long Needed { get; private set; }

    /// <summary>Units that were taken since the last <see cref="Plan"/>.</summary>
    public long Recent { get; private set; }

    /// <summary>A chunk that is half used up.</summary>
    public bool IsLow => IsChunk && _limit > 0 && _level < _low;

    /// <summary>It holds units, or owes some, or wants some.</summary>
    public bool HasNews => _limit > 0 && (_level != 0 || Needed > 0);

    /// <summary>Units a minute; null: as many as there are.</summary>
    public int? Limit => _limit == 0 ? null : _limit;

    /// <summary>What was used stays used: a higher limit adds its difference, a lower one takes it away.</summary>
    /// <param name="now">Ticks of <see cref="TimeSpan"/> on a clock that never goes back.</param>
    public void SetLimit(int? limit, long now)
    {
        Refill(now);
        var next = limit ?? 0;
        if (IsChunk)
        {
            _level = _limit == 0 || next == 0 ? 0 : Int128.Min(_level, Full(next));
            _pool = Full(next);
        }
        else
        {
            _level = _limit == 0 || next == 0 ? Full(next) : _level + Full(next) - Full(_limit);
        }
        _limit = next;
    }

    /// <summary>Whole units that could be taken now; never less than none.</summary>
    public long Remaining(long now)
    {
        Refill(now);
        var there = Int128.Min(_level + _pool, Full(_limit));
        return there <= 0 ? 0 : (long)(there / Period);
    }

    /// <summary>More than a minute's worth is there when the bucket is full: an estimate must not shut a request out for ever.</summary>
    public bool Holds(long units, long now)
    {
        Refill(now);
        return _limit == 0 || _level >= Full(Fitting(units));
    }

    /// <summary>A chunk that does not hold so much is filled up to it when it is next.</summary>
    public void Need(long units, long now)
    {
        if (IsChunk && !Holds(units, now))
        {
            Needed = Math.Max(Needed, units);
        }
    }

    /// <summary>Takes units whether they are there or not; a negative number gives some back.</summary>
    public void Take(long units, long now)
    {
        if (_limit == 0)
        {
            return;
        }
        Refill(now);
        Recent += Math.Max(0, units);
        var level = _level - Full(units);
        _level = level > Full(_limit) ? Full(_limit) : level;
    }

    /// <summary>How long until so many units are there.</summary>
    public TimeSpan Until(long units, long now)
    {
        var until = UntilThere(units, now);
        return IsChunk && until < s_handOver && !Holds(units, now) ? s_handOver : until;
    }

    private TimeSpan UntilThere(long units, long now)
    {
        Refill(now);
        var missing = Full(Fitting(units)) - _level - _pool;
        if (_limit == 0 || missing <= 0)
        {
            return TimeSpan.Zero;
        }
        var ticks = (missing + _limit - 1) / _limit;
        return ticks > TimeSpan.MaxValue.Ticks ? TimeSpan.MaxValue : TimeSpan.FromTicks((long)ticks);
    }

    /// <summary>How long until it is full.</summary>
    public TimeSpan UntilFull(long now) => UntilThere(_limit, now);

    /// <summary>
    /// What the chunk takes out of the shared rate, in units × ticks: below zero, it gives back, and has that no more from here on.
    /// </summary>
    /// <param name="rate">Filled up to now.</param>
    /// <param name="isIdle">Nothing was taken for a while: all of it goes back.</param>
    public Int128 Plan(SharedRate rate, bool isIdle)
    {
        var needed = Full(Fitting(Needed));
        var wish = isIdle ? needed : Int128.Max(needed, Int128.Min(Full(Recent + Needed), Full((long)ChunkSize.Max(_limit))));
        Recent = 0;
        if (_level > wish)
        {
            var back = isIdle ? _level - wish : 0;
            _level -= back;
            return -back;
        }

        // What is owed is paid whether it is there or not.
        var owed = _level < 0 ? -_level : 0;
        var more = wish - Int128.Max(0, _level);
        return owed + Int128.Min(more, Int128.Max(0, rate.Level - owed));
    }

    /// <summary>It stands in the store as planned.</summary>
    /// <param name="taken">By <see cref="Plan"/>.</param>
    /// <param name="rate">What is left there.</param>
    /// <param name="now">As <see cref="SetLimit"/> takes it.</param>
    public void Take(Int128 taken, SharedRate rate, long now)
    {
        Refill(now);
        _level += Int128.Max(0, taken);
        _pool = rate.Level;

        // Where a chunk is one unit, the next is fetched when it is needed: held for nobody it would be another gateway's refusal.
        _low = ChunkSize.Max(_limit) > 1 ? _level / 2 : 0;
        Needed = 0;
    }

    /// <summary>It does not stand there: what was to go back is here again.</summary>
    public void Keep(Int128 taken) => _level -= Int128.Min(0, taken);

    private static Int128 Full(long units) => (Int128)units * Period;

    private long Fitting(long units) => Math.Min(units, _limit);

    private void Refill(long now)
    {
        var passed = now - _at;
        if (passed <= 0)
        {
            return;
        }
        _at = now;
        ref var filled = ref IsChunk ? ref _pool : ref _level;
        var level = filled + ((Int128)passed * _limit);
        filled = level > Full(_limit) ? Full(_limit) : level;
    }
}
