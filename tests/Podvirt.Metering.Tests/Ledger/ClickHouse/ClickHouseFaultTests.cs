using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Tests.Ledger.ClickHouse;

/// <summary>A batch against a ClickHouse that refuses, hangs, is down, or does what was asked and does not say so.</summary>
[Collection(ClickHouseCollection.Name)]
public sealed class ClickHouseFaultTests : IAsyncDisposable
{
    private static readonly UsageQuery s_always = new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));

    private readonly ClickHouseFixture _clickHouse;
    private readonly ClickHouseOptions _options;
    private readonly ClickHouseDatabase _database;
    private readonly ClickHouseLedger _ledger;

    public ClickHouseFaultTests(ClickHouseFixture clickHouse)
    {
        _clickHouse = clickHouse;
        _options = clickHouse.NewOptions();
        _database = new ClickHouseDatabase(_options);
        _ledger = new ClickHouseLedger(_database);
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _clickHouse.Server.FailAsync();
        _database.Dispose();
    }

    [Fact]
    public async Task InsertOfWhichNobodySaysThatItWasDone_CountsOnceWhenRepeated()
    {
        await _ledger.AppendBatchAsync("batch-0", Batch(0), Ended);
        await _clickHouse.Server.FailAsync(cutInserts: 1);

        await Assert.ThrowsAsync<IOException>(async () => await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended));
        await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended);

        await AssertHoldsAsync(100);
    }

    [Fact]
    public async Task RefusedAndReadOnly_SayWhyAndCountNothing()
    {
        await _ledger.AppendBatchAsync("batch-0", Batch(0), Ended);

        await _clickHouse.Server.FailAsync(refuseInserts: 1);
        var refused = await Assert.ThrowsAsync<IOException>(async () => await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended));
        await _clickHouse.Server.FailAsync(readOnly: true);
        var readOnly = await Assert.ThrowsAsync<IOException>(async () => await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended));

        Assert.Contains("Too many parts", refused.Message, StringComparison.Ordinal);
        Assert.Contains("readonly", readOnly.Message, StringComparison.Ordinal);
        await AssertHoldsAsync(50);
        await _clickHouse.Server.FailAsync();
        await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended);
        await AssertHoldsAsync(100);
    }

    [Fact]
    public async Task RowsThatAreRefused_AreTheCallersToSortOut()
    {
        await _ledger.AppendBatchAsync("batch-0", Batch(0), Ended);
        await _clickHouse.Server.QueryAsync("ALTER TABLE usage ADD CONSTRAINT few CHECK prompt < 220", _options.Database);

        var error = await Assert.ThrowsAsync<InvalidDataException>(async () => await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended));
        Assert.Contains("few", error.Message, StringComparison.Ordinal);
        await AssertHoldsAsync(50);
        await _ledger.AppendBatchAsync("batch-1/0+10", Batch(100)[..10], Ended);
        await AssertHoldsAsync(60);

        // A table that is not as it should be is no fault of the rows.
        await _clickHouse.Server.QueryAsync("ALTER TABLE usage DROP CONSTRAINT few", _options.Database);
        await _clickHouse.Server.QueryAsync("RENAME TABLE usage TO away", _options.Database);
        await Assert.ThrowsAsync<IOException>(async () => await _ledger.AppendBatchAsync("batch-1/10+40", Batch(100)[10..], Ended));
    }

    [Fact]
    public async Task ServerThatHangs_IsGivenUpInTime()
    {
        await _ledger.AppendBatchAsync("batch-0", Batch(0), Ended);
        using var hasty = new ClickHouseDatabase(new ClickHouseOptions { Url = _options.Url, Database = _options.Database, Timeout = TimeSpan.FromMilliseconds(200) });
        await _clickHouse.Server.FailAsync(hangs: true);

        var error = await Assert.ThrowsAsync<IOException>(async () => await new ClickHouseLedger(hasty).AppendBatchAsync("batch-1", Batch(100), Ended));

        Assert.Contains("did not answer within 0.2 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerThatIsDown_TakesTheSameBatchWhenItIsBack()
    {
        await _ledger.AppendBatchAsync("batch-0", Batch(0), Ended);
        await _clickHouse.Server.KillAsync();
        try
        {
            var error = await Assert.ThrowsAsync<IOException>(async () => await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended));
            Assert.Contains(_options.Url.ToString(), error.Message, StringComparison.Ordinal);
        }
        finally
        {
            await _clickHouse.Server.StartAgainAsync();
        }
        await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended);
        await _ledger.AppendBatchAsync("batch-0", Batch(0), Ended);

        await AssertHoldsAsync(100);
    }

    [Fact]
    public async Task BatchCutBetweenItsRowsAndTheirRollups_IsCompletedByItsRepetition()
    {
        await _ledger.AppendBatchAsync("batch-0", Batch(0), Ended);
        // What a server that was killed within an insert leaves behind: raw rows that some rollup was not told of.
        await _clickHouse.Server.QueryAsync("DROP VIEW usage_to_minute", _options.Database);
        await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended);
        Assert.NotEmpty(await _ledger.DifferencesAsync(Ended));
        await _clickHouse.Server.QueryAsync(RollupTables.Create.Single(s => s.Contains("IF NOT EXISTS usage_to_minute ", StringComparison.Ordinal)), _options.Database);

        await _ledger.AppendBatchAsync("batch-1", Batch(100), Ended);

        await AssertHoldsAsync(100);
    }

    [Fact]
    public async Task SchemaOfANewerProgram_IsLeftAlone()
    {
        await _ledger.AppendBatchAsync("batch-0", Batch(0), Ended);
        await _clickHouse.Server.QueryAsync("INSERT INTO schema_version (version) VALUES (1000)", _options.Database);
        using var other = new ClickHouseDatabase(_options);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await other.OpenAsync(Ended));

        Assert.Contains("1000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WorkersThatStartAtOnce_MakeOneSchema()
    {
        var options = _clickHouse.NewOptions();
        var databases = Enumerable.Range(0, 4).Select(_ => new ClickHouseDatabase(options)).ToArray();

        await Task.WhenAll(databases.Select((d, i) => new ClickHouseLedger(d).AppendBatchAsync($"batch-{i}", Batch(100 * i), Ended).AsTask()));

        Assert.Equal(200, Assert.Single(await new ClickHouseLedger(databases[0]).SumAsync(s_always, UsageGroup.Model, Ended)).Requests);
        Assert.Empty(await new ClickHouseLedger(databases[0]).DifferencesAsync(Ended));
        Array.ForEach(databases, d => d.Dispose());
    }

    private static RatedRecord[] Batch(int first) =>
        [.. Enumerable.Range(first, 50).Select(n => new RatedRecord(Sample.Record(n), 1, new Core.Usage.Cost(n)))];

    private async Task AssertHoldsAsync(int requests)
    {
        Assert.Equal(requests, Assert.Single(await _ledger.SumAsync(s_always, UsageGroup.Model, Ended)).Requests);
        Assert.Equal(requests, (await _ledger.RequestTotalsAsync(Ended))["m"]);
        Assert.Equal(requests, (await _ledger.ListAsync(s_always, 1_000, Ended)).Count);
        Assert.Empty(await _ledger.DifferencesAsync(Ended));
        // Not even for a moment were its rollups wrong.
        Assert.Empty((await LedgerState.ReadAsync(await _database.OpenAsync(Ended), Ended)).StaleHours);
    }
}
