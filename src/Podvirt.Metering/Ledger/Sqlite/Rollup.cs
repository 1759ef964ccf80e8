using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>What a rollup row stands for. The bucket is its first microsecond.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RollupKey(long BucketUs, string Project, string Model, int Revision, int RateVersion)
{
    public static RollupKey Of(RatedRecord rated, long bucketLengthUs) => new(
        Micros.FloorTo(Micros.Of(rated.Record.EndedAt), bucketLengthUs),
        rated.Record.Project, rated.Record.Model, rated.Record.Revision, rated.RateVersion);
}

/// <summary>The sums of one rollup row. Durations have one sample for each request, first tokens only for streams that had one.</summary>
internal sealed class Rollup
{
    public const string Columns =
        "completed, cancelled, truncated, failed, unreported, prompt, cached, completion, reasoning, "
        + "requests, duration_us, first_tokens, first_token_us, parked_us, cold_starts";

    private static readonly string[] _names = Columns.Split(", ");

    private readonly long[] _sums = new long[_names.Length];

    public static IReadOnlyList<string> ColumnNames => _names;

    public IReadOnlyList<long> Sums => _sums;

    public void Add(UsageRecord record)
    {
        Add(record.Outcome switch
        {
            UsageOutcome.Completed => 0,
            UsageOutcome.Cancelled => 1,
            UsageOutcome.Truncated => 2,
            _ => 3,
        }, 1);
        Add(4, record.Source == UsageSource.None ? 1 : 0);
        Add(5, record.Tokens.Prompt);
        Add(6, record.Tokens.Cached);
        Add(7, record.Tokens.Completion);
        Add(8, record.Tokens.Reasoning);
        Add(9, 1);
        Add(10, record.DurationUs);
        Add(11, record.FirstTokenUs is null ? 0 : 1);
        Add(12, record.FirstTokenUs ?? 0);
        Add(13, record.ParkedUs);
        Add(14, record.ColdStart ? 1 : 0);
    }

    /// <summary>Adds a row's sums; column <paramref name="at"/> is the first of <see cref="Columns"/>.</summary>
    public static Rollup Read(SqliteDataReader row, int at)
    {
        var rollup = new Rollup();
        for (var i = 0; i < _names.Length; i++)
        {
            rollup._sums[i] = row.GetInt64(at + i);
        }
        return rollup;
    }

    private void Add(int column, long amount) => _sums[column] = checked(_sums[column] + amount);
}
