using CsCheck;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.Ledger;

/// <summary>Rated records whose times lie where calendars are hard: month ends, leap days, hours, before 1970, a clock that went back.</summary>
internal static class RandomRecords
{
    private static readonly DateTimeOffset[] s_moments =
    [
        new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), new(2026, 1, 31, 23, 59, 59, TimeSpan.Zero), new(2026, 2, 28, 23, 30, 0, TimeSpan.Zero),
        new(2028, 2, 29, 0, 0, 0, TimeSpan.Zero), new(2028, 2, 29, 23, 59, 58, TimeSpan.Zero), new(2100, 2, 28, 23, 59, 0, TimeSpan.Zero),
        new(2026, 12, 31, 23, 59, 59, TimeSpan.Zero), new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero), new(1969, 12, 31, 23, 59, 59, TimeSpan.Zero),
        new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero), new(1904, 2, 29, 12, 0, 0, TimeSpan.Zero),
    ];

    private static Gen<TokenCounts> Tokens { get; } =
        from prompt in Gen.OneOf(Gen.Long[0, 5_000], Gen.Long[999_999_999_990, 1_000_000_000_000])
        from cached in Gen.Long[0, prompt]
        from completion in Gen.OneOf(Gen.Long[0, 5_000], Gen.Long[999_999_999_990, 1_000_000_000_000])
        from reasoning in Gen.Long[0, completion]
        select new TokenCounts(prompt, cached, completion, reasoning);

    /// <summary>One of the hard moments, or near one.</summary>
    public static Gen<DateTimeOffset> Moment { get; } =
        from moment in Among(s_moments)
        from offUs in Gen.OneOf(Gen.Const(0L), Gen.Long[-3, 3], Gen.Long[-Micros.Hour, Micros.Hour], Gen.Long[-2 * Micros.Day, 2 * Micros.Day])
        select moment.AddMicroseconds(offUs);

    /// <summary>Ids from a small range, so that batches hold duplicates.</summary>
    public static Gen<RatedRecord> One { get; } =
        from n in Gen.Int[0, 80]
        from names in Gen.Select(Among("p", "q"), Among("k", "l", ""), Among("m", "n/o", "Ünï"))
        from kind in Gen.Select(Gen.Enum<UsageOutcome>(), Gen.Enum<UsageSource>(), Gen.Int[1, 11], Among("chat.completions", "embeddings", "rerank", "score", "tokenize"))
        from tokens in Tokens
        from started in Moment
        from waits in Gen.Select(Gen.Long[0, 90_000_000], Gen.Long[0, 1_000_000], Gen.Long[0, 1_000_000], Gen.Bool, Gen.Bool)
        from videoUs in Gen.OneOf(Gen.Const(0L), Gen.Long[0, 9_000_000])
        from rate in Gen.Select(Gen.Int[0, 2], Gen.Long[0, 1_000_000_000_000], Gen.Long[0, 1_000_000], Gen.Long[0, 1_000_000_000_000])
        let record = Sample.Record(n) with
        {
            Project = names.Item1,
            Key = names.Item2,
            Model = names.Item3,
            Outcome = kind.Item1,
            Source = kind.Item2,
            Revision = kind.Item3,
            Surface = kind.Item4,
            Tokens = kind.Item2 == UsageSource.Engine ? tokens : default,
            StartedAt = started,
            DurationUs = waits.Item1,
            ParkedUs = waits.Item2 * (waits.Item5 ? 1 : 0),
            QueuedUs = waits.Item2 + waits.Item3,
            FirstTokenUs = waits.Item4 ? waits.Item1 / 2 : null,
            ColdStart = waits.Item5,
            VideoUs = videoUs,
        }
        select new RatedRecord(record, rate.Item1, new Rate(record.Model, rate.Item1, Sample.Noon, rate.Item2, rate.Item3, rate.Item4).CostOf(record));

    /// <summary>One of the values.</summary>
    public static Gen<T> Among<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
