using Podvirt.Core.Projects;

namespace Podvirt.Gateway.Admission.Quotas;

/// <summary>This gateway's part of one month's limit. Its owner holds a lock.</summary>
internal sealed class MonthShare
{
    private UtcMonth _month;
    private Int128 _spent;
    private Int128 _cap;
    private Int128 _others;
    private Int128 _reported;
    private Int128 _overdraft;
    private Int128 _low;
    private Int128 _needed;
    private Int128 _least;

    /// <summary>Half of the chunk, as it was taken: with less left more is fetched.</summary>
    public Int128 Low => _low;

    /// <summary>A request was not admitted for so much.</summary>
    /// <param name="amount">All that it may use.</param>
    /// <param name="least">What it can begin with.</param>
    public void Need(Int128 amount, Int128 least) => (_needed, _least) = (Int128.Max(_needed, amount), Int128.Max(_least, least));

    /// <summary>Used by all, as far as it is known here.</summary>
    public Int128 UsedIn(UtcMonth month) => month == _month ? _others + _spent : 0;

    /// <summary>What may still be reserved is this less what is reserved already.</summary>
    public Int128 LeftIn(UtcMonth month) => month == _month ? _cap - _spent : 0;

    /// <summary>A request that runs may go so far beyond the chunk, as long as the limit itself is not known to be reached.</summary>
    public Int128 OverdraftIn(UtcMonth month) => month == _month ? _overdraft : 0;

    public bool HasReportIn(UtcMonth month) => month == _month && _spent != _reported;

    public bool HoldsIn(UtcMonth month) => month == _month && _cap > _spent;

    public void Use(UtcMonth month, Int128 amount)
    {
        Begin(month);
        if (month == _month)
        {
            _spent += amount;
        }
    }

    /// <summary>What is to be written of it: what was used, and the next chunk. A smaller chunk holds from here on.</summary>
    /// <param name="meter">As it stands, without gateways that are gone.</param>
    /// <param name="gateway">This one.</param>
    /// <param name="month">The present.</param>
    /// <param name="limit">The shared limit.</param>
    /// <param name="reserved">By requests that run here.</param>
    /// <param name="isIdle">Nothing was used for a while: what is not reserved goes back.</param>
    public SharedMeter Plan(SharedMeter meter, string gateway, UtcMonth month, Int128 limit, Int128 reserved, bool isIdle)
    {
        Begin(month);
        var mine = meter.Shares.GetValueOrDefault(gateway);
        if (mine is null && _reported > 0)
        {
            // This gateway was taken for gone: what it had reported stands there as used, and is no part of its own any more.
            _spent -= _reported;
            _cap -= _reported;
            _reported = 0;
        }
        var elsewhere = meter.Used + meter.Chunks - (mine is null ? 0 : mine.Spent + mine.Chunk);
        var chunk = ChunkSize.Of(limit, limit - elsewhere - _spent, reserved, (_needed, _least), isIdle ? 0 : Int128.Max(_spent - _reported, LeftIn(month) / 2));
        _cap = Int128.Min(_cap, _spent + chunk);
        return mine is null && _spent == 0 && chunk == 0 ? meter : meter.With(gateway, new MeterShare(_spent, chunk));
    }

    /// <summary>It stands as planned.</summary>
    public void Take(SharedMeter meter, string gateway, UtcMonth month, Int128 limit)
    {
        if (month != _month)
        {
            return;
        }
        var mine = meter.Shares.GetValueOrDefault(gateway) ?? new MeterShare(0, 0);
        _reported = mine.Spent;
        _cap = mine.Spent + mine.Chunk;
        _low = mine.Chunk / 2;
        _others = meter.Used - mine.Spent;
        _overdraft = meter.Used + meter.Chunks < limit ? ChunkSize.Max(limit) : 0;
        _needed = _least = 0;
    }

    // A new month begins with nothing: neither used nor held.
    private void Begin(UtcMonth month)
    {
        if (month > _month)
        {
            (_month, _spent, _cap, _others, _reported, _overdraft, _low) = (month, 0, 0, 0, 0, 0, 0);
        }
    }
}
