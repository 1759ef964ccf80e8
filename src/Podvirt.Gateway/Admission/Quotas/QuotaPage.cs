using Podvirt.Core.Projects;

namespace Podvirt.Gateway.Admission.Quotas;

/// <summary>One key's or one project's limits as this gateway shares them with the others. What counts is guarded by the project's lock.</summary>
/// <param name="storeKey">Where they stand in the state store.</param>
/// <param name="gate">The project's lock.</param>
/// <param name="rates">By name.</param>
/// <param name="meters">By name, those that there are now.</param>
/// <param name="asked">Hears of a page that wants more.</param>
internal sealed class QuotaPage(
    string storeKey, Lock gate, (string Name, RateBucket Bucket)[] rates, Func<IEnumerable<(string Name, MonthMeter Meter)>> meters, Action<QuotaPage> asked)
{
    // What was to be given back may have been used since: the plan is of one moment.
    private readonly List<(RateBucket Bucket, string Name, Int128 Taken)> _planned = [];
    private TaskCompletionSource? _refill;
    private long _usedAt;
    private long _syncedAt;

    public string StoreKey => storeKey;

    /// <summary>The store's entry as last written or read here; only the keeper's.</summary>
    public (QuotaRecord Record, long Revision)? Known { get; set; }

    /// <summary>Completes when chunks have been asked for, whatever came of it.</summary>
    public Task Ask()
    {
        Task refill;
        lock (gate)
        {
            refill = (_refill ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
        asked(this);
        return refill;
    }

    /// <summary>Something was used: where a chunk is half used up, more is fetched before somebody has to wait. Under the lock.</summary>
    public void AskIfLow(bool isMeterLow, long now)
    {
        _usedAt = now;
        var isLow = isMeterLow;
        foreach (var (_, bucket) in rates)
        {
            isLow |= bucket.IsLow;
        }
        if (isLow)
        {
            asked(this);
        }
    }

    /// <summary>What is due by itself: a report of what was used, or giving back what nobody uses.</summary>
    public (bool IsDue, bool IsOpen) Look(UtcMonth month, long now, TimeSpan report, TimeSpan idle)
    {
        lock (gate)
        {
            var hasReport = false;
            var isOpen = rates.Any(rate => rate.Bucket.HasNews);
            foreach (var (_, meter) in meters())
            {
                if (meter is { Limit: not null, Share: { } share })
                {
                    hasReport |= share.HasReportIn(month);
                    isOpen |= share.HoldsIn(month);
                }
            }
            var since = now - _syncedAt;
            var idleSince = _usedAt + idle.Ticks;
            return (hasReport && since >= report.Ticks || isOpen && now >= idleSince && (_syncedAt < idleSince || since >= idle.Ticks), isOpen || hasReport);
        }
    }

    /// <summary>Meters with a limit that the record has not.</summary>
    public bool HasUnknown(QuotaRecord record)
    {
        lock (gate)
        {
            return meters().Any(meter => meter.Meter.Limit is not null && !record.Meters.ContainsKey(meter.Name));
        }
    }

    /// <summary>The record as it shall be. What is given back is not here any more from here on.</summary>
    /// <param name="record">As it stands.</param>
    /// <param name="gateway">This one.</param>
    /// <param name="isGone">Whether a gateway is no more.</param>
    /// <param name="seeds">What the month has used, by meter, for those that are not shared yet; null: nobody needs it.</param>
    /// <param name="utcNow">The moment.</param>
    /// <param name="now">The same on a clock that never goes back.</param>
    /// <param name="idle">Who used nothing for so long gives all back.</param>
    public QuotaRecord Plan(
        QuotaRecord record, string gateway, Func<string, bool> isGone, IReadOnlyDictionary<string, Int128>? seeds, DateTimeOffset utcNow, long now, TimeSpan idle)
    {
        lock (gate)
        {
            var isIdle = now - _usedAt >= idle.Ticks;
            var month = UtcMonth.Of(utcNow);
            var isMonth = record.Month == month.ToString();
            var next = new QuotaRecord(month.ToString(), new(record.Rates), isMonth ? new(record.Meters) : []);
            _planned.Clear();
            foreach (var (name, bucket) in rates)
            {
                if (bucket.Limit is not { } limit)
                {
                    next.Rates.Remove(name);
                    continue;
                }
                var rate = next.Rates.TryGetValue(name, out var known) ? known.FilledTo(limit, utcNow.UtcTicks) : SharedRate.Full(limit, utcNow.UtcTicks);
                var taken = bucket.Plan(rate, isIdle);
                _planned.Add((bucket, name, taken));
                next.Rates[name] = rate.Less(taken);
            }
            foreach (var (name, meter) in meters())
            {
                if (meter is { Limit: { } limit, Share: { } share })
                {
                    var shared = next.Meters.TryGetValue(name, out var known) ? known.Without(isGone) : new SharedMeter(seeds?.GetValueOrDefault(name) ?? 0, []);
                    next.Meters[name] = share.Plan(shared, gateway, month, limit, meter.Reserved, isIdle);
                }
            }
            return next;
        }
    }

    /// <summary>The record stands as planned.</summary>
    public void Take(QuotaRecord record, string gateway, UtcMonth month, long now)
    {
        lock (gate)
        {
            foreach (var (bucket, name, taken) in _planned)
            {
                bucket.Take(taken, record.Rates[name], now);
            }
            foreach (var (name, meter) in meters())
            {
                if (meter is { Limit: { } limit, Share: { } share } && record.Meters.TryGetValue(name, out var shared))
                {
                    share.Take(shared, gateway, month, limit);
                }
            }
            _planned.Clear();
        }
    }

    /// <summary>It does not: another write came first.</summary>
    public void Keep()
    {
        lock (gate)
        {
            foreach (var (bucket, _, taken) in _planned)
            {
                bucket.Keep(taken);
            }
            _planned.Clear();
        }
    }

    /// <summary>Who waits looks again.</summary>
    public void Complete(long now)
    {
        TaskCompletionSource? refill;
        lock (gate)
        {
            (refill, _refill) = (_refill, null);
            _syncedAt = now;
        }
        refill?.TrySetResult();
    }
}
