using Microsoft.Data.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Tests.Ledger;

/// <summary>What the rollups of the SQLite ledger do when time passes, when they are damaged, and when they come anew.</summary>
public sealed class SqliteRollupTests : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private SqliteLedger _ledger;

    public SqliteRollupTests() => _ledger = Open();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    private string File => _directory.File("ledger.db");

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task RemovedMinutes_AreThoseThatEndedBefore_AndStayRemoved()
    {
        await AppendAsync(At(1, 0), At(2, 1), At(3, 2));

        Assert.Equal(2, await _ledger.RemoveMinutesBeforeAsync(Sample.Noon.AddMinutes(1).AddSeconds(59), Ended));
        await AppendAsync(At(4, 0), At(5, 1));

        Assert.Equal([2, 1], (await MinutesAsync(1, 5)).Select(p => p.Figures.Requests));
        await Assert.ThrowsAsync<ArgumentException>(async () => await MinutesAsync(0, 5));
        Assert.Equal(5, (await _ledger.FiguresAsync(new FiguresQuery(Sample.Noon, Sample.Noon.AddHours(1)), FiguresGroup.None, Ended)).Total.Requests);
        Assert.Empty(await DifferencesAsync());
    }

    [Fact]
    public async Task RemovedMinutes_StayRemovedAfterARestart_AndWhenTheClockGoesBack()
    {
        await _ledger.RemoveMinutesBeforeAsync(Sample.Noon.AddMinutes(10), Ended);
        await _ledger.RemoveMinutesBeforeAsync(Sample.Noon.AddMinutes(-10), Ended);
        await ReopenAsync();
        await AppendAsync(At(1, 9), At(2, 10));

        await Assert.ThrowsAsync<ArgumentException>(async () => await MinutesAsync(9, 20));
        Assert.Equal(1, Assert.Single(await MinutesAsync(10, 20)).Figures.Requests);
        Assert.Empty(await DifferencesAsync());
    }

    [Theory]
    [InlineData("UPDATE hour_by_model SET cost_low = cost_low + 1", "hour_by_model")]
    [InlineData("UPDATE minute_by_project SET durations = x''", "minute_by_project")]
    [InlineData("DELETE FROM hour_by_project", "hour_by_project")]
    [InlineData("DELETE FROM usage", "hour_by_project")]
    [InlineData("UPDATE usage SET prompt = prompt + 1", "minute_by_model")]
    [InlineData("UPDATE model_total SET requests = 9", "model_total")]
    [InlineData("INSERT INTO model_total VALUES ('gone', 1)", "model_total gone")]
    [InlineData("UPDATE minute_by_model SET bucket_us = 0", "minute_by_model 1970-01-01T00:00:00Z")]
    [InlineData("UPDATE consumption SET tokens = tokens + 1", "consumption")]
    public async Task Reconciliation_SeesWhatWasChanged(string change, string where)
    {
        await AppendAsync(At(1, 0));
        Assert.Empty(await DifferencesAsync());
        Execute(change);

        Assert.Contains(await DifferencesAsync(), d => d.StartsWith(where, StringComparison.Ordinal));
    }

    [Fact]
    public async Task LedgerOfAnOlderShape_GetsItsRollupsFromTheRawRecords()
    {
        await AppendAsync([.. Enumerable.Range(0, 50).Select(n => At(n, n))]);
        await AppendAsync(Recent(60));
        Execute("DELETE FROM hour_by_model; DELETE FROM hour_by_project; DELETE FROM minute_by_model; DELETE FROM minute_by_project; DELETE FROM model_total;");
        Execute("UPDATE ledger_mark SET value = 0 WHERE name = 'rollups_ready'");
        await ReopenAsync();

        Assert.Empty(await DifferencesAsync());
        Assert.Equal(51, (await _ledger.RequestTotalsAsync(Ended))["m"]);
        var recent = NaiveLedger.Floor(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        Assert.Single(await _ledger.SeriesAsync(new FiguresQuery(recent.AddHours(-1), recent), FiguresStep.Minute, FiguresGroup.None, Ended));
    }

    [Fact]
    public async Task DashboardOfADay_ReadsNoRawRow()
    {
        await AppendAsync(At(1, 0));
        Execute("DROP TABLE usage");

        var query = new FiguresQuery(Sample.Noon.AddHours(-23).AddMinutes(1), Sample.Noon.AddMinutes(1), "m", "default");
        Assert.Equal(1, Assert.Single((await _ledger.FiguresAsync(query, FiguresGroup.Revision, Ended)).Rows).Figures.Requests);
    }

    [Fact]
    public async Task CancelledSum_EndsBeforeItsTime()
    {
        await AppendAsync([.. Enumerable.Range(0, 20_000).Select(n => At(n, n % 60))]);
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (true)
            {
                await _ledger.SumAsync(new UsageQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue), UsageGroup.Key, soon.Token);
            }
        });
        Assert.Equal(20_000, Assert.Single(await _ledger.SumAsync(new UsageQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue), UsageGroup.Key, Ended)).Requests);
    }

    private static RatedRecord At(int n, int minute) => Rated(n, Sample.Noon.AddMinutes(minute));

    private static RatedRecord Recent(int n) => Rated(n, TimeProvider.System.GetUtcNow().AddMinutes(-10));

    private static RatedRecord Rated(int n, DateTimeOffset started) =>
        new(Sample.Record(n) with { StartedAt = started, DurationUs = 5 }, 1, new Core.Usage.Cost(1_000));

    private ValueTask AppendAsync(params RatedRecord[] records) => _ledger.AppendAsync(records, Ended);

    private ValueTask<IReadOnlyList<FiguresPoint>> MinutesAsync(int from, int to) => _ledger.SeriesAsync(
        new FiguresQuery(Sample.Noon.AddMinutes(from), Sample.Noon.AddMinutes(to)), FiguresStep.Minute, FiguresGroup.Model, Ended);

    private Task<List<string>> DifferencesAsync() => _ledger.DifferencesAsync(Ended);

    private SqliteLedger Open() => SqliteLedger.Open(File, TimeProvider.System);

    private async Task ReopenAsync()
    {
        await _ledger.DisposeAsync();
        _ledger = Open();
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
