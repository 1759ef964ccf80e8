using Podvirt.Core.Projects;
using Podvirt.Gateway.Admission.Quotas;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// What was used of a month's limit, and what running requests hold of it. Counts two months, so that a clock that is set back over a
/// month's end finds what it left. Its owner holds a lock.
/// </summary>
internal sealed class MonthMeter
{
    private UtcMonth _month;
    private Int128 _used;
    private Int128 _usedBefore;

    /// <summary>Null: none.</summary>
    public Int128? Limit { get; set; }

    /// <summary>Held by running requests, whenever they end.</summary>
    public Int128 Reserved { get; private set; }

    /// <summary>This gateway's part, where other gateways use the same limit; null: all of it is this one's.</summary>
    public MonthShare? Share { get; init; }

    public Int128 UsedIn(UtcMonth month) => Limit is not null && Share is { } share ? share.UsedIn(month)
        : month == _month ? _used : month == _month.Before ? _usedBefore : 0;

    /// <summary>What is left of the limit and held by nobody; below zero where more was used than estimated.</summary>
    public Int128 FreeIn(UtcMonth month) => (Limit, Share) switch
    {
        (null, _) => (Int128.MaxValue / 2) - UsedIn(month) - Reserved,
        (_, { } share) => share.LeftIn(month) - Reserved,
        ({ } limit, _) => limit - UsedIn(month) - Reserved,
    };

    /// <summary>The same for a request that runs: where the limit is shared, it need not stop at this gateway's chunk.</summary>
    public Int128 FreeForRunningIn(UtcMonth month) => FreeIn(month) + (Share?.OverdraftIn(month) ?? 0);

    /// <summary>A shared limit's chunk is half used up.</summary>
    public bool IsLowIn(UtcMonth month) => Limit is not null && Share is { } share && FreeIn(month) < share.Low;

    public void Reserve(Int128 amount) => Reserved += amount;

    /// <summary>Adds to the month in which it was used.</summary>
    public void Use(UtcMonth month, Int128 amount)
    {
        if (Limit is not null)
        {
            Share?.Use(month, amount);
        }
        if (month == _month.Before)
        {
            _usedBefore += amount;
            return;
        }
        if (month != _month)
        {
            // A clock that comes from further away than the month before starts anew.
            _usedBefore = month == _month.Next ? _used : 0;
            _used = 0;
            _month = month;
        }
        _used += amount;
    }
}
