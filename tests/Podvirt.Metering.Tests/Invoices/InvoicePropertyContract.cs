using CsCheck;
using Podvirt.Core.Usage;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Tests.Invoices;

/// <summary>
/// Whatever the order in which records arrive, invoices become final, rates are applied again and clocks are set: every record and
/// every adjustment is billed once, and what was final stays as it was.
/// </summary>
public abstract class InvoicePropertyContract
{
    /// <summary>Around the ends of a month, of a leap February and of a year, and far from any.</summary>
    private static readonly DateTimeOffset[] _anchors =
    [
        Utc(2027, 12, 15), Utc(2028, 1, 1), Utc(2028, 2, 1), Utc(2028, 2, 29), Utc(2028, 3, 1), Utc(2028, 3, 20), Utc(2028, 4, 1),
    ];

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    private static Gen<DateTimeOffset> Moment { get; } =
        from anchor in OneOf(_anchors)
        from us in Gen.OneOf(OneOf(-1L, 0L, 1L), Gen.Long[-3L * 24 * Micros.Hour, 3L * 24 * Micros.Hour])
        select anchor.AddMicroseconds(us);

    private static Gen<RatedTemplate> Usage { get; } =
        from n in Gen.Int[0, 40]
        from names in Gen.Select(OneOf("p", "q"), OneOf("m", "n"), OneOf("chat.completions", "embeddings", "playground", "rerank", "score"))
        from counts in Gen.Select(Gen.Long[0, 1_000_000], Gen.Long[0, 1_000_000], Gen.Long[0, 3_000_000], Gen.Long[0, 1_000_000_000])
        from isReported in Gen.Int[0, 9].Select(i => i > 0)
        from version in Gen.Int[0, 3]
        from ended in Moment
        select new RatedTemplate(
            Sample.Record(n, names.Item2) with
            {
                Project = names.Item1,
                Surface = names.Item3,
                Source = isReported ? UsageSource.Engine : UsageSource.None,
                Tokens = isReported ? new TokenCounts(Math.Max(counts.Item1, counts.Item2), Math.Min(counts.Item1, counts.Item2), counts.Item3, 0) : default,
                VideoUs = isReported ? counts.Item4 : 0,
                StartedAt = ended.AddSeconds(-1),
                DurationUs = 1_000_000,
            },
            version);

    private static Gen<Act> Acts { get; } = Gen.Frequency(
        (6, Usage.Array[1, 6].Select(u => (Act)new Arrive(u))),
        (2, Moment.Select(Gen.Int[0, 20]).Select((m, days) => (Act)new SetClock(m.AddDays(days)))),
        (3, Gen.Const((Act)new Finalise())),
        (1, Gen.Select(OneOf("m", "n"), Moment, Moment, Gen.Int[0, 3]).Select((model, a, b, version) => (Act)new Rerate(model, a, b, version))));

    [Fact]
    public async Task AnyOrderOfArrivalsFinalisationsAndReratings_BillsEverythingOnce() =>
        await Acts.Array[1, 25].SampleAsync(RunAsync, iter: Iterations, threads: 2);

    /// <summary>Random histories.</summary>
    private protected virtual int Iterations => 60;

    /// <summary>Whether a record is known by its id and its end together: then no two with the same id end at different moments.</summary>
    private protected virtual bool IsKnownByItsEnd => false;

    private protected abstract LedgerRooms Open();

    private async Task RunAsync(Act[] acts)
    {
        await using var accounts = await Accounts.OpenAsync(Open(), Utc(2028, 1, 5));
        var expected = new Dictionary<Guid, (UsageRecord Record, int Version)>();
        var final = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var act in acts)
        {
            await DoAsync(accounts, expected, act);
            await CheckAsync(accounts, expected, final);
        }
        accounts.SetClock(Utc(2028, 12, 1));
        await accounts.FinaliseDueAsync();
        await CheckAsync(accounts, expected, final);
        Assert.All(await accounts.ListAsync(), i => Assert.NotNull(i.Number));
    }

    private async Task DoAsync(Accounts accounts, Dictionary<Guid, (UsageRecord Record, int Version)> expected, Act act)
    {
        switch (act)
        {
            case Arrive(var random):
                var usage = random.Select(u => IsKnownByItsEnd && expected.TryGetValue(u.Record.Id, out var first)
                    ? u with { Record = u.Record with { StartedAt = first.Record.StartedAt } }
                    : u).ToArray();
                await accounts.Ledger.AppendAsync([.. usage.Select(u => accounts.Rated(u.Record, u.Version))], Ended);
                foreach (var (record, version) in usage)
                {
                    expected.TryAdd(record.Id, (record, version));
                }
                break;
            case SetClock(var now):
                accounts.SetClock(now);
                break;
            case Finalise:
                await accounts.FinaliseDueAsync();
                break;
            case Rerate(var model, var a, var b, var version):
                var order = new ReratingOrder(model, a < b ? a : b, a < b ? b : a, version, "ann", "why");
                var dry = await accounts.Rerater.RerateAsync(order, isDryRun: true, Ended);
                var made = await accounts.Rerater.RerateAsync(order, isDryRun: false, Ended);
                var again = await accounts.Rerater.RerateAsync(order, isDryRun: false, Ended);
                Assert.Equal(dry!.Groups, made!.Groups);
                Assert.Equal((0L, null), (again!.Records, again.Id));
                foreach (var (id, (record, _)) in expected.Where(e =>
                    e.Value.Record.Model == model && e.Value.Record.EndedAt >= order.From && e.Value.Record.EndedAt < order.To).ToList())
                {
                    expected[id] = (record, version);
                }
                break;
            default:
                throw new InvalidOperationException($"unknown act {act}");
        }
    }

    private static async Task CheckAsync(
        Accounts accounts, Dictionary<Guid, (UsageRecord Record, int Version)> expected, Dictionary<string, string> final)
    {
        Assert.Empty(await accounts.ReconcileAsync());
        var invoices = await accounts.ListAsync();
        foreach (var project in (string[])["p", "q"])
        {
            var owed = expected.Values.Where(e => e.Record.Project == project)
                .Aggregate(Cost.Zero, (sum, e) => sum + accounts.Rated(e.Record, e.Version).Cost);
            Assert.Equal(owed, invoices.Where(i => i.Project == project).Aggregate(Cost.Zero, (sum, i) => sum + i.Exact));
        }
        Assert.Equal(expected.Count, invoices.Sum(i => i.Requests + i.LateRequests));
        foreach (var invoice in invoices.Where(i => i.Number is not null))
        {
            var document = InvoiceDocument.Write(invoice);
            Assert.Equal(final.GetValueOrDefault(invoice.Id, document), document);
            final[invoice.Id] = document;
        }
        Assert.Equal(final.Count, invoices.Count(i => i.Number is not null));
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static DateTimeOffset Utc(int year, int month, int day) => new(year, month, day, 0, 0, 0, TimeSpan.Zero);

    private abstract record Act;

    private sealed record Arrive(RatedTemplate[] Usage) : Act
    {
        public override string ToString() => $"Arrive {string.Join("; ", Usage.AsEnumerable())}";
    }

    private sealed record SetClock(DateTimeOffset Now) : Act;

    private sealed record Finalise : Act;

    private sealed record Rerate(string Model, DateTimeOffset A, DateTimeOffset B, int Version) : Act;

    private sealed record RatedTemplate(UsageRecord Record, int Version);
}
