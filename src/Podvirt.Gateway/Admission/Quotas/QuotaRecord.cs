namespace Podvirt.Gateway.Admission.Quotas;

/// <summary>
/// What all gateways share of one key's or one project's limits, as it stands in the state store. Written by compare-and-set only.
/// </summary>
/// <param name="Month">Of the meters, for example <c>2026-11</c>; with another month they begin anew.</param>
/// <param name="Rates">By kind: what is left to take of a minute's units.</param>
/// <param name="Meters">By name: the month's limits.</param>
internal sealed record QuotaRecord(string Month, Dictionary<string, SharedRate> Rates, Dictionary<string, SharedMeter> Meters)
{
    public const string KeyPrefix = "quota/";

    public static QuotaRecord Empty => new("", [], []);

    public static string KeyOf(string project) => $"{KeyPrefix}projects/{project}";

    public static string KeyOf(string project, string key) => $"{KeyPrefix}keys/{project}/{key}";
}

/// <param name="Limit">Units a minute, by which the level was last counted.</param>
/// <param name="Level">What nobody has taken, in units × ticks; below zero where more was used than was there.</param>
/// <param name="At">UTC ticks up to which it was filled. Never goes back: a clock that is ahead fills what the others then do not.</param>
internal sealed record SharedRate(int Limit, Int128 Level, long At)
{
    private const long Period = TimeSpan.TicksPerMinute;

    public long Units => Level <= 0 ? 0 : (long)(Level / Period);

    public static SharedRate Full(int limit, long now) => new(limit, (Int128)limit * Period, now);

    public SharedRate FilledTo(int limit, long now)
    {
        // What was used stays used: a higher limit adds its difference, a lower one takes it away.
        var full = (Int128)limit * Period;
        var level = Level + full - ((Int128)Limit * Period) + ((Int128)Math.Max(0, now - At) * limit);
        return new SharedRate(limit, Int128.Min(level, full), Math.Max(now, At));
    }

    public SharedRate Less(Int128 level) => this with { Level = Int128.Min(Level - level, (Int128)Limit * Period) };
}

/// <param name="Closed">Used before it was shared, and by gateways that are no more.</param>
/// <param name="Shares">By gateway.</param>
internal sealed record SharedMeter(Int128 Closed, Dictionary<string, MeterShare> Shares)
{
    /// <summary>Used, as far as it was reported.</summary>
    public Int128 Used => Shares.Values.Aggregate(Closed, (sum, share) => sum + share.Spent);

    /// <summary>In the chunks of all gateways.</summary>
    public Int128 Chunks => Shares.Values.Aggregate(Int128.Zero, (sum, share) => sum + share.Chunk);

    public SharedMeter With(string gateway, MeterShare share) => this with { Shares = new(Shares) { [gateway] = share } };

    /// <summary>What a gateway that is no more had reported stays used; what it held is free again.</summary>
    public SharedMeter Without(Func<string, bool> isGone) => new(
        Closed + Shares.Where(share => isGone(share.Key)).Aggregate(Int128.Zero, (sum, share) => sum + share.Value.Spent),
        Shares.Where(share => !isGone(share.Key)).ToDictionary());
}

/// <param name="Spent">All that the gateway has used this month, as of its last report. Absolute: a report that is written twice counts once.</param>
/// <param name="Chunk">What it may use beyond that.</param>
internal sealed record MeterShare(Int128 Spent, Int128 Chunk);
