using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>The ledger's writing statements.</summary>
internal sealed class LedgerSession : WriteSession
{
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _addMinute;
    private readonly SqliteCommand _addHour;
    private readonly SqliteCommand _removeMinutes;

    public LedgerSession(SqliteConnection connection)
        : base(connection)
    {
        string[] parameters = [.. UsageColumns.Parameters, "$ended_us", "$rate_version", "$cost_usd", "$cost_pico"];
        _insert = Prepare(
            $"INSERT INTO usage ({UsageColumns.List}, ended_us, rate_version, cost_usd, cost_pico) VALUES ({string.Join(", ", parameters)}) "
            + "ON CONFLICT (id) DO NOTHING",
            parameters);
        _addMinute = PrepareAdd("rollup_minute");
        _addHour = PrepareAdd("rollup_hour");
        _removeMinutes = Prepare("DELETE FROM rollup_minute WHERE bucket_us < $before", "$before");
    }

    /// <summary>Returns how many were new. Only those count in the rollups.</summary>
    public int Append(IReadOnlyList<RatedRecord> records)
    {
        var minutes = new Dictionary<RollupKey, Rollup>();
        var hours = new Dictionary<RollupKey, Rollup>();
        var added = 0;
        foreach (var rated in records)
        {
            if (Insert(rated))
            {
                Add(minutes, RollupKey.Of(rated, Micros.Minute), rated);
                Add(hours, RollupKey.Of(rated, Micros.Hour), rated);
                added++;
            }
        }
        Save(_addMinute, minutes);
        Save(_addHour, hours);
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
        _insert.Parameters[UsageColumns.Count].Value = Micros.Of(rated.Record.EndedAt);
        _insert.Parameters[UsageColumns.Count + 1].Value = rated.RateVersion;
        _insert.Parameters[UsageColumns.Count + 2].Value = usd;
        _insert.Parameters[UsageColumns.Count + 3].Value = pico;
        return _insert.ExecuteNonQuery() == 1;
    }

    private static void Add(Dictionary<RollupKey, Rollup> rollups, RollupKey key, RatedRecord rated)
    {
        if (!rollups.TryGetValue(key, out var rollup))
        {
            rollups.Add(key, rollup = new Rollup());
        }
        rollup.Add(rated.Record);
    }

    private static void Save(SqliteCommand command, Dictionary<RollupKey, Rollup> rollups)
    {
        foreach (var (key, rollup) in rollups)
        {
            command.Parameters[0].Value = key.BucketUs;
            command.Parameters[1].Value = key.Project;
            command.Parameters[2].Value = key.Model;
            command.Parameters[3].Value = key.Revision;
            command.Parameters[4].Value = key.RateVersion;
            for (var i = 0; i < rollup.Sums.Count; i++)
            {
                command.Parameters[5 + i].Value = rollup.Sums[i];
            }
            command.ExecuteNonQuery();
        }
    }

    private SqliteCommand PrepareAdd(string table)
    {
        string[] parameters = ["$bucket_us", "$project", "$model", "$revision", "$rate_version", .. Rollup.ColumnNames.Select(n => "$" + n)];
        return Prepare(
            $"INSERT INTO {table} (bucket_us, project, model, revision, rate_version, {Rollup.Columns}) VALUES ({string.Join(", ", parameters)}) "
            + "ON CONFLICT (bucket_us, project, model, revision, rate_version) DO UPDATE SET "
            + string.Join(", ", Rollup.ColumnNames.Select(n => $"{n} = {n} + excluded.{n}")),
            parameters);
    }
}
