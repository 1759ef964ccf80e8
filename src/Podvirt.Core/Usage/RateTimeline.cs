namespace Podvirt.Core.Usage;

/// <summary>
/// A model's rate versions as the stretches of time in which each holds.
/// A version holds from its moment until the next one's. Of two with the same moment the later decision wins. A version that
/// began at once also ends those that began at once and have a later moment: a clock was set back between the two. What was
/// set for a later moment stands.
/// </summary>
public sealed class RateTimeline
{
    private readonly string _model;
    private readonly List<Rate> _stretches = [];

    /// <param name="model">The catalog's id.</param>
    /// <param name="versions">In any order.</param>
    public RateTimeline(string model, IEnumerable<Rate> versions)
    {
        ArgumentNullException.ThrowIfNull(versions);
        _model = model;
        Versions = [.. versions.OrderBy(r => r.Version)];
        foreach (var rate in Versions)
        {
            _stretches.RemoveAll(r =>
                r.EffectiveFrom == rate.EffectiveFrom
                || (rate.DecidedAt is null && r.DecidedAt is null && r.EffectiveFrom > rate.EffectiveFrom));
            _stretches.Insert(_stretches.FindLastIndex(r => r.EffectiveFrom < rate.EffectiveFrom) + 1, rate);
        }
    }

    /// <summary>All versions, oldest first, also those that never hold.</summary>
    public IReadOnlyList<Rate> Versions { get; }

    /// <summary>The version that holds at a moment; version 0, which costs nothing, before the first one.</summary>
    public Rate At(DateTimeOffset moment) => _stretches.FindLast(r => r.EffectiveFrom <= moment) ?? Rate.Free(_model);

    /// <summary>As it was while this was the newest version.</summary>
    public RateTimeline UpTo(int version) =>
        Versions.Count == 0 || Versions[^1].Version <= version ? this : new RateTimeline(_model, Versions.Where(r => r.Version <= version));

    /// <summary>
    /// By what a record is rated: the version that its client was told, or the one that holds when it ended. What a client was
    /// told is what it pays; a version that nobody can find any more was never told.
    /// </summary>
    public Rate RateOf(UsageRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return (record.QuotedRate is { } version ? Version(version) : null) ?? At(record.EndedAt);
    }

    /// <summary>Null: there is no such version.</summary>
    public Rate? Version(int version) => version == 0 ? Rate.Free(_model) : Versions.FirstOrDefault(r => r.Version == version);
}
