namespace Podvirt.Gateway.Admission;

/// <summary>
/// Units per minute as a bucket: it holds a minute's worth, fills evenly, and may owe what was used beyond the estimate. Exact: the
/// level is counted in units × ticks. Its owner holds a lock.
/// </summary>
internal sealed class RateBucket
{
    private const long Period = TimeSpan.TicksPerMinute;

    private int _limit;
    private Int128 _level;
    private long _at;

    /// <summary>Units a minute; null: as many as there are.</summary>
    public int? Limit => _limit == 0 ? null : _limit;

    /// <summary>What was used stays used: a higher limit adds its difference, a lower one takes it away.</summary>
    /// <param name="now">Ticks of <see cref="TimeSpan"/> on a clock that never goes back.</param>
    public void SetLimit(int? limit, long now)
    {
        Refill(now);
        var next = limit ?? 0;
        _level = _limit == 0 || next == 0 ? Full(next) : _level + Full(next) - Full(_limit);
        _limit = next;
    }

    /// <summary>Whole units that could be taken now; never less than none.</summary>
    public long Remaining(long now)
    {
        Refill(now);
        return _level <= 0 ? 0 : (long)(_level / Period);
    }

    /// <summary>More than a minute's worth is there when the bucket is full: an estimate must not shut a request out for ever.</summary>
    public bool Holds(long units, long now)
    {
        Refill(now);
        return _limit == 0 || _level >= Full(Fitting(units));
    }

    /// <summary>Takes units whether they are there or not; a negative number gives some back.</summary>
    public void Take(long units, long now)
    {
        if (_limit == 0)
        {
            return;
        }
        Refill(now);
        var level = _level - Full(units);
        _level = level > Full(_limit) ? Full(_limit) : level;
    }

    /// <summary>How long until so many units are there.</summary>
    public TimeSpan Until(long units, long now)
    {
        Refill(now);
        var missing = Full(Fitting(units)) - _level;
        if (_limit == 0 || missing <= 0)
        {
            return TimeSpan.Zero;
        }
        var ticks = (missing + _limit - 1) / _limit;
        return ticks > TimeSpan.MaxValue.Ticks ? TimeSpan.MaxValue : TimeSpan.FromTicks((long)ticks);
    }

    /// <summary>How long until it is full.</summary>
    public TimeSpan UntilFull(long now) => Until(_limit, now);

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
        var level = _level + ((Int128)passed * _limit);
        _level = level > Full(_limit) ? Full(_limit) : level;
    }
}
