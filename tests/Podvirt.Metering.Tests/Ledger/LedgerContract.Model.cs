using CsCheck;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.Ledger;

/// <summary>The ledger against a naive one, over random batches, ranges, filters and groups.</summary>
public abstract partial class LedgerContract
{
    /// <summary>Random ledgers of each kind.</summary>
    protected virtual int Iterations => 40;

    /// <summary>Whether a record is known by its id and its end together: then no two with the same id end at different moments.</summary>
    protected virtual bool IsKnownByItsEnd => false;

    private static Gen<UsageQuery> Query { get; } =
        from bounds in Gen.Select(RandomRecords.Moment, RandomRecords.Moment, Gen.Bool)
        from names in Gen.Select(OrNull("m", "n/o", "Ünï"), OrNull("k", ""), OrNull("p", "q"))
        from more in Gen.Select(OrNull(1, 2, 11), OrNull(Enum.GetValues<UsageOutcome>()), OrNull(Enum.GetValues<UsageSource>()))
        let sorted = bounds.Item1 < bounds.Item2 ? (bounds.Item1, bounds.Item2) : (bounds.Item2, bounds.Item1)
        let always = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue)
        let range = bounds.Item3 ? sorted : always
        select new UsageQuery(range.Item1, range.Item2, names.Item1, names.Item2, names.Item3)
        {
            Revision = more.Item1,
            Outcome = more.Item2,
            Source = more.Item3,
        };

    private static Gen<FiguresQuery> Dashboard { get; } =
        from bounds in Gen.Select(RandomRecords.Moment, RandomRecords.Moment)
        from names in Gen.Select(OrNull("m", "n/o"), OrNull("p", "q"))
        let sorted = bounds.Item1 < bounds.Item2 ? bounds : (bounds.Item2, bounds.Item1)
        select new FiguresQuery(sorted.Item1, sorted.Item2, names.Item1, names.Item2);

    [Fact]
    public async Task AnySum_IsThatOfTheRecords() => await SampleAsync(
        Gen.Select(Query, Gen.Enum<UsageGroup>()).Array[12],
        async (ledger, naive, questions) =>
        {
            foreach (var (query, group) in questions)
            {
                Assert.Equal(naive.Sum(query, group), await ledger.SumAsync(query, group));
            }
        });

    [Fact]
    public async Task AnyPages_AreTheRecordsInOrder() => await SampleAsync(
        Gen.Select(Query, Gen.Int[1, 30]).Array[4],
        async (ledger, naive, questions) =>
        {
            foreach (var (query, limit) in questions)
            {
                var paged = new List<RatedRecord>();
                for (var next = query; ; next = query with { After = RecordPlace.Of(paged[^1].Record) })
                {
                    var page = await ledger.ListAsync(next, limit);
                    paged.AddRange(page);
                    if (page.Count < limit)
                    {
                        break;
                    }
                }
                var expected = naive.List(query);
                Assert.Equal(expected, paged);
                Assert.Equal(expected.AsEnumerable().Reverse(), await ReadAllAsync(ledger, query));
            }
        });

    [Fact]
    public async Task AnyFigures_AreThoseOfTheRecords() => await SampleAsync(
        Gen.Select(Dashboard, Gen.Enum<FiguresGroup>(), Gen.Enum<FiguresStep>()).Array[12],
        async (ledger, naive, questions) =>
        {
            foreach (var (query, group, step) in questions)
            {
                var byMinute = Aligned(query, TimeSpan.FromMinutes(1));
                var (total, rows) = await ledger.FiguresAsync(byMinute, group);
                AssertSame(naive.Total(byMinute), total);
                var expected = naive.Figures(byMinute, group);
                Assert.Equal(expected.Select(r => (r.Model, r.Revision)), rows.Select(r => (r.Model, r.Revision)));
                foreach (var (exact, row) in expected.Zip(rows))
                {
                    Assert.InRange(exact.FirstAt - row.FirstAt, TimeSpan.Zero, TimeSpan.FromHours(1) - TimeSpan.FromMicroseconds(1));
                    AssertSame(exact.Figures, row.Figures);
                }

                var byStep = Aligned(query, step == FiguresStep.Hour ? TimeSpan.FromHours(1) : TimeSpan.FromMinutes(1));
                var points = await ledger.SeriesAsync(byStep, step, group);
                var exactPoints = naive.Series(byStep, step, group);
                Assert.Equal(exactPoints.Select(p => (p.At, p.Model, p.Revision)), points.Select(p => (p.At, p.Model, p.Revision)));
                foreach (var (exact, point) in exactPoints.Zip(points))
                {
                    AssertSame(exact.Figures, point.Figures);
                }
            }
        });

    [Fact]
    public async Task AnyBatches_ReconcileAndTotalToTheRecords() => await SampleAsync(
        Gen.Const(0),
        async (ledger, naive, _) =>
        {
            Assert.Empty(await ledger.DifferencesAsync());
            Assert.Equal(
                naive.Records.CountBy(r => r.Record.Model).ToDictionary(p => p.Key, p => (long)p.Value),
                await ledger.RequestTotalsAsync());
        });

    private async Task SampleAsync<T>(Gen<T> questions, Func<ILedger, NaiveLedger, T, Task> check) =>
        await Gen.Select(RandomRecords.One.Array[0, 40].Array[1, 6], questions).SampleAsync(
            async (random, asked) =>
            {
                var batches = IsKnownByItsEnd ? WithOneEnd(random) : random;
                var ledger = OpenAnother();
                await using (ledger as IAsyncDisposable)
                {
                    foreach (var batch in batches)
                    {
                        await ledger.AppendAsync(batch);
                    }
                    await check(ledger, new NaiveLedger(batches.SelectMany(b => b)), asked);
                }
            },
            iter: Iterations, threads: 2);

    /// <summary>Each record ends when the first one with its id does.</summary>
    private static RatedRecord[][] WithOneEnd(RatedRecord[][] batches)
    {
        var first = new Dictionary<Guid, UsageRecord>();
        foreach (var rated in batches.SelectMany(b => b))
        {
            first.TryAdd(rated.Record.Id, rated.Record);
        }
        return Array.ConvertAll(batches, batch => Array.ConvertAll(batch, rated => rated with
        {
            Record = rated.Record with { StartedAt = first[rated.Record.Id].StartedAt, DurationUs = first[rated.Record.Id].DurationUs },
        }));
    }

    private static async Task<List<RatedRecord>> ReadAllAsync(ILedger ledger, UsageQuery query)
    {
        var all = new List<RatedRecord>();
        await foreach (var part in ledger.ReadAsync(query))
        {
            all.AddRange(part);
        }
        return all;
    }

    private static FiguresQuery Aligned(FiguresQuery query, TimeSpan step) =>
        query with { From = NaiveLedger.Floor(query.From, step), To = NaiveLedger.Floor(query.To, step) };

    private static void AssertSame(UsageFigures exact, UsageFigures figures)
    {
        AssertClose(exact.Latency, figures.Latency);
        AssertClose(exact.FirstToken, figures.FirstToken);
        Assert.Equal(exact with { Latency = default, FirstToken = default }, figures with { Latency = default, FirstToken = default });
    }

    private static void AssertClose(DurationFigures exact, DurationFigures figures)
    {
        Assert.Equal((exact.Count, exact.SumUs), (figures.Count, figures.SumUs));
        foreach (var (wanted, found) in ((long, long)[])[(exact.P50Us, figures.P50Us), (exact.P95Us, figures.P95Us), (exact.P99Us, figures.P99Us)])
        {
            Assert.InRange(found, wanted * 0.98, wanted * 1.02);
        }
    }

    private static Gen<T?> OrNull<T>(params T[] values)
        where T : struct => Gen.OneOf(Gen.Const(default(T?)), RandomRecords.Among(values).Select(v => (T?)v));

    private static Gen<string?> OrNull(params string[] values) => Gen.OneOf(Gen.Const((string?)null), RandomRecords.Among(values).Select(v => (string?)v));
}
