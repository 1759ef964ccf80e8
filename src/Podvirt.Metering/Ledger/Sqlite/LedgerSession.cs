using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>The ledger's writing statements.</summary>
internal sealed class LedgerSession : WriteSession
{
    private readonly Statement _insert;
    private readonly Statement _addMinute;
    private readonly Statement _addHour;
    private readonly Statement _addConsumption;
    private readonly SqliteCommand _removeMinutes;
    private readonly Statement _closedEnd;
    private readonly Statement _noteLate;

    public LedgerSession(SqliteConnection connection)
        : base(connection)
    {
        string[] parameters = [.. UsageColumns.Parameters, "$ended_us", "$rate_version", "$cost_usd", "$cost_pico"];
        _insert = PrepareStatement(
            $"INSERT INTO usage ({UsageColumns.List}, ended_us, rate_version, cost_usd, cost_pico) VALUES ({string.Join(", ", parameters)}) "
            + "ON CONFLICT (id) DO NOTHING");
        _addMinute = PrepareAdd("rollup_minute");
        _addHour = PrepareAdd("rollup_hour");
        _addConsumption = PrepareStatement(MonthConsumption.Batch.Sql);
        _removeMinutes = Prepare("DELETE FROM rollup_minute WHERE bucket_us < $before", "$before");
        _closedEnd = PrepareStatement("SELECT end_us FROM closed_month ORDER BY month_us DESC LIMIT 1");
        _noteLate = PrepareStatement("INSERT INTO late_usage (usage_id) VALUES ($id)");
    }

    public SqliteConnection Database => Connection;

    /// <summary>Returns how many were new. Only those count in the rollups.</summary>
    public int Append(IReadOnlyList<RatedRecord> records)
    {
        var minutes = new Dictionary<RollupKey, Rollup>();
        var hours = new Dictionary<RollupKey, Rollup>();
        var closedEnd = ClosedEnd();
        var consumption = new MonthConsumption.Batch();
        var added = 0;
        foreach (var rated in records)
        {
            if (Insert(rated))
            {
                NoteLate(rated, closedEnd);
                Add(minutes, RollupKey.Of(rated, Micros.Minute), rated);
                Add(hours, RollupKey.Of(rated, Micros.Hour), rated);
                consumption.Note(rated);
                added++;
            }
        }
        Save(_addMinute, minutes);
        Save(_addHour, hours);
        consumption.Save(_addConsumption);
        return added;
    }

    /// <param name="beforeUs">Start of the first minute that stays.</param>
    public int RemoveMinutes(long beforeUs)
    {
        _removeMinutes.Parameters[0].Value = beforeUs;
        return _removeMinutes.ExecuteNonQuery();
    }

    private bool Insert(RatedRecord rated)
    {
        UsageColumns.Bind(_insert, rated.Record);
        var (usd, pico) = CostColumns.Split(rated.Cost);
        _insert.Bind(UsageColumns.Count + 1, Micros.Of(rated.Record.EndedAt));
        _insert.Bind(UsageColumns.Count + 2, rated.RateVersion);
        _insert.Bind(UsageColumns.Count + 3, usd);
        _insert.Bind(UsageColumns.Count + 4, pico);
        return _insert.Execute() == 1;
    }

    /// <summary>Where the closed months end; records before it go to the next invoice.</summary>
    private long ClosedEnd()
    {
        var end = long.MinValue;
        while (_closedEnd.Step())
        {
            end = _closedEnd.Number(0);
        }
        return end;
    }

    private void NoteLate(RatedRecord rated, long closedEnd)
    {
        if (Micros.Of(rated.Record.EndedAt) < closedEnd)
        {
            Span<byte> id = stackalloc byte[16];
            rated.Record.Id.TryWriteBytes(id, bigEndian: true, out _);
            _noteLate.BindBlob(1, id);
            _noteLate.Execute();
        }
    }

    private static void Add(Dictionary<RollupKey, Rollup> rollups, RollupKey key, RatedRecord rated)
    {
        if (!rollups.TryGetValue(key, out var rollup))
        {
            rollups.Add(key, rollup = new Rollup());
        }
        rollup.Add(rated.Record);
    }

    private static void Save(Statement add, Dictionary<RollupKey, Rollup> rollups)
    {
        foreach (var (key, rollup) in rollups)
        {
            add.Bind(1, key.BucketUs);
            add.Bind(2, key.Project);
            add.Bind(3, key.Model);
            add.Bind(4, key.Revision);
            add.Bind(5, key.RateVersion);
            for (var i = 0; i < rollup.Sums.Count; i++)
            {
                add.Bind(6 + i, rollup.Sums[i]);
            }
            add.Execute();
        }
    }

    private Statement PrepareAdd(string table)
    {
        string[] parameters = ["$bucket_us", "$project", "$model", "$revision", "$rate_version", .. Rollup.ColumnNames.Select(n => "$" + n)];
        return PrepareStatement(
            $"INSERT INTO {table} (bucket_us, project, model, revision, rate_version, {Rollup.Columns}) VALUES ({string.Join(", ", parameters)}) "
            + "ON CONFLICT (bucket_us, project, model, revision, rate_version) DO UPDATE SET "
            + string.Join(", ", Rollup.ColumnNames.Select(n => $"{n} = {n} + excluded.{n}")));
    }
}
