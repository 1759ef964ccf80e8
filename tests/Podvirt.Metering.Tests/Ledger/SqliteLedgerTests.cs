using CsCheck;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Tests.Ledger;

public sealed class SqliteLedgerTests : LedgerContract
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteLedger _ledger;

    public SqliteLedgerTests() => _ledger = SqliteLedger.Open(_directory.File("ledger.db"), TimeProvider.System);

    protected override ILedger Ledger => _ledger;

    private static Gen<TokenCounts> Tokens { get; } =
        from prompt in Gen.OneOf(Gen.Long[0, 5_000], Gen.Long[999_999_999_990, 1_000_000_000_000])
        from cached in Gen.Long[0, prompt]
        from completion in Gen.OneOf(Gen.Long[0, 5_000], Gen.Long[999_999_999_990, 1_000_000_000_000])
        from reasoning in Gen.Long[0, completion]
        select new TokenCounts(prompt, cached, completion, reasoning);

    /// <summary>Ids from a small range, so that batches hold duplicates; times across hours, before 1970 too.</summary>
    private static Gen<RatedRecord> Record { get; } =
        from n in Gen.Int[0, 60]
        from names in Gen.Select(OneOf("p", "q"), OneOf("k", "l", ""), OneOf("m", "n/o"))
        from outcome in Gen.Enum<UsageOutcome>()
        from reported in Gen.Bool
        from tokens in Tokens
        from startedUs in Gen.OneOf(Gen.Long[0, 4 * Micros.Hour], Gen.Long[-2 * Micros.Hour, 2 * Micros.Hour].Select(us => us - Micros.Of(Sample.Noon)))
        from times in Gen.Select(Gen.Long[0, 90_000_000], Gen.Long[0, 1_000_000], Gen.Bool, Gen.Bool)
        from rate in Gen.Select(Gen.Int[0, 2], Gen.Long[0, 1_000_000_000_000], Gen.Long[0, 1_000_000], Gen.Long[0, 1_000_000_000_000])
        let record = Sample.Record(n) with
        {
            Project = names.Item1,
            Key = names.Item2,
            Model = names.Item3,
            Outcome = outcome,
            Source = reported ? UsageSource.Engine : UsageSource.None,
            Tokens = reported ? tokens : default,
            StartedAt = Sample.Noon.AddMicroseconds(startedUs),
            DurationUs = times.Item1,
            ParkedUs = times.Item2,
            FirstTokenUs = times.Item3 ? times.Item1 / 2 : null,
            ColdStart = times.Item4,
        }
        select new RatedRecord(record, rate.Item1, new Rate(record.Model, rate.Item1, Sample.Noon, rate.Item2, rate.Item3, rate.Item4).CostOf(record));

    public override async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task RandomBatchesWithDuplicates_SumExactlyAndRollUpToTheSame() =>
        await Record.Array[0, 40].Array[1, 6].SampleAsync(
            async batches =>
            {
                using var directory = new TempDirectory();
                await using var ledger = SqliteLedger.Open(directory.File("ledger.db"), TimeProvider.System);
                foreach (var batch in batches)
                {
                    await ledger.AppendAsync(batch);
                }
                var kept = batches.SelectMany(b => b).DistinctBy(r => r.Record.Id).ToList();

                Assert.Empty(await ledger.ReconcileAsync(DateTimeOffset.MinValue));
                foreach (var group in Enum.GetValues<UsageGroup>())
                {
                    Assert.Equal(Expected(kept, group), await ledger.SumAsync(new UsageQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue), group));
                }
                Assert.Equal(
                    kept.CountBy(r => r.Record.Model).ToDictionary(p => p.Key, p => (long)p.Value),
                    await ledger.RequestTotalsAsync());
            },
            iter: 40, threads: 2);

    [Fact]
    public void Cost_SplitsAndJoinsExactly() =>
        Gen.Select(Gen.Long, Gen.Long[0, 999_999_999_999]).Sample((usd, pico) =>
        {
            var cost = CostColumns.Join(usd, pico);
            Assert.Equal((usd, pico), CostColumns.Split(cost));
            Assert.Equal(cost, CostColumns.FromSums(usd, pico / 1_000_000, pico % 1_000_000));
        });

    [Fact]
    public async Task Reconciliation_SeesAWrongRollup()
    {
        await Ledger.AppendAsync([Rated(1)], Ended);
        Assert.Empty(await _ledger.ReconcileAsync(DateTimeOffset.MinValue, Ended));
        await _ledger.RemoveMinutesBeforeAsync(Sample.Noon.AddDays(1), Ended);

        Assert.StartsWith("rollup_minute", Assert.Single(await _ledger.ReconcileAsync(DateTimeOffset.MinValue, Ended)), StringComparison.Ordinal);
        Assert.Empty(await _ledger.ReconcileAsync(Sample.Noon.AddDays(1), Ended));
    }

    [Fact]
    public async Task RemovedMinutes_AreThoseThatEndedBefore()
    {
        await Ledger.AppendAsync([.. Enumerable.Range(0, 3).Select(i => Rated(i, r => r with { StartedAt = Sample.Noon.AddMinutes(i), DurationUs = 0 }))], Ended);

        Assert.Equal(1, await _ledger.RemoveMinutesBeforeAsync(Sample.Noon.AddMinutes(1).AddSeconds(59), Ended));
        Assert.Equal(3, (await Ledger.RequestTotalsAsync(Ended))["m"]);
    }

    [Fact]
    public async Task CopyTakenWithoutClosing_HoldsEveryBatchThatReturned()
    {
        await Ledger.AppendAsync([Rated(1), Rated(2)], Ended);
        using var crashed = new TempDirectory();
        File.Copy(_directory.File("ledger.db"), crashed.File("ledger.db"));
        File.Copy(_directory.File("ledger.db-wal"), crashed.File("ledger.db-wal"));

        await using var copy = SqliteLedger.Open(crashed.File("ledger.db"), TimeProvider.System);
        Assert.Equal(2, (await copy.RequestTotalsAsync(Ended))["m"]);
    }

    [Fact]
    public async Task BatchThatCannotBeStored_LeavesNothingBehind()
    {
        var impossible = Rated(2) with { Cost = new Cost(Int128.MaxValue) };

        await Assert.ThrowsAsync<OverflowException>(async () => await Ledger.AppendAsync([Rated(1), impossible], Ended));

        Assert.Null(await Ledger.FindAsync(Sample.IdOf(1), Ended));
        await Ledger.AppendAsync([Rated(1)], Ended);
        Assert.NotNull(await Ledger.FindAsync(Sample.IdOf(1), Ended));
    }

    [Fact]
    public void DamagedFile_IsNamed()
    {
        var path = _directory.File("damaged.db");
        File.WriteAllText(path, new string('x', 5_000));

        var error = Assert.Throws<DataFileException>(() => SqliteLedger.Open(path, TimeProvider.System));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    private static Gen<string> OneOf(params string[] names) => Gen.Int[0, names.Length - 1].Select(i => names[i]);

    private static List<UsageSum> Expected(List<RatedRecord> kept, UsageGroup group) =>
    [
        .. kept.GroupBy(r => NameOf(r.Record, group)).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new UsageSum(
            g.Key, g.Count(),
            g.Count(r => r.Record.Outcome == UsageOutcome.Completed), g.Count(r => r.Record.Outcome == UsageOutcome.Cancelled),
            g.Count(r => r.Record.Outcome == UsageOutcome.Truncated), g.Count(r => r.Record.Outcome == UsageOutcome.Failed),
            g.Count(r => r.Record.Source == UsageSource.None),
            g.Aggregate(default(TokenCounts), (sum, r) => sum + r.Record.Tokens),
            g.Aggregate(Cost.Zero, (sum, r) => sum + r.Cost))),
    ];

    private static string NameOf(UsageRecord record, UsageGroup group) => group switch
    {
        UsageGroup.Model => record.Model,
        UsageGroup.Key => record.Key,
        UsageGroup.Project => record.Project,
        UsageGroup.Outcome => record.Outcome.ToString().ToLowerInvariant(),
        _ => record.EndedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH':00:00Z'"),
    };
}
