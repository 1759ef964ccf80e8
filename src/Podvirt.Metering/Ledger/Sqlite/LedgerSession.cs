using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>The ledger's writing statements.</summary>
internal sealed class LedgerSession : WriteSession
{
    /// <summary>
    /// KiB of pages that are kept: every model's, key's and project's end of its index is written to in each batch, which
    /// for some hundred of them is more than SQLite's two MiB.
    /// </summary>
    private const int CacheKiB = 32 * 1024;

    private readonly Statement _insert;
    private readonly Statement _addTotal;
    private readonly Statement _selectMark;
    private readonly Statement _raiseMark;
    private readonly Statement[] _removeMinutes;
    private readonly RollupWriter[] _rollups;
    private readonly Rollup _rollup = new();
    private readonly List<Added> _added = [];
    private readonly Dictionary<string, long> _totals = new(StringComparer.Ordinal);
    private readonly Statement _addConsumption;
    private readonly Statement _closedEnd;
    private readonly Statement _noteLate;
    private long _minutesFromUs;

    public LedgerSession(SqliteConnection connection)
        : base(connection)
    {
        using (var cache = connection.CreateCommand())
        {
            cache.CommandText = $"PRAGMA cache_size = -{CacheKiB}";
            cache.ExecuteNonQuery();
        }
        string[] parameters = [.. UsageColumns.Parameters, "$ended_us", "$rate_version", "$cost_usd", "$cost_pico"];
        _insert = PrepareStatement(
            $"INSERT INTO usage ({UsageColumns.List}, ended_us, rate_version, cost_usd, cost_pico) VALUES ({string.Join(", ", parameters)}) "
            + "ON CONFLICT (id) DO NOTHING");
        _addTotal = PrepareStatement(
            "INSERT INTO model_total (model, requests) VALUES ($model, $requests) ON CONFLICT (model) DO UPDATE SET requests = requests + excluded.requests");
        _selectMark = PrepareStatement(LedgerMarks.Select);
        _raiseMark = PrepareStatement(LedgerMarks.Raise);
        _rollups = [.. RollupTable.All.Select(t => new RollupWriter(t, PrepareStatement))];
        _removeMinutes = [.. RollupTable.All.Where(t => t.IsByMinute).Select(t => PrepareStatement($"DELETE FROM {t.Name} WHERE bucket_us < $before"))];
        _addConsumption = PrepareStatement(MonthConsumption.Batch.Sql);
        _closedEnd = PrepareStatement("SELECT end_us FROM closed_month ORDER BY month_us DESC LIMIT 1");
        _noteLate = PrepareStatement("INSERT INTO late_usage (usage_id) VALUES ($id)");
        _minutesFromUs = LedgerMarks.Read(_selectMark, LedgerMarks.MinutesFrom) ?? long.MinValue;
    }

    public SqliteConnection Database => Connection;

    /// <summary>Returns how many were new. Only those count in the rollups.</summary>
    public int Append(IReadOnlyList<RatedRecord> records)
    {
        var closedEnd = ClosedEnd();
        var consumption = new MonthConsumption.Batch();
        _added.Clear();
        foreach (var rated in records)
        {
            var endedUs = Micros.Of(rated.Record.EndedAt);
            if (Insert(rated, endedUs))
            {
                NoteLate(rated.Record.Id, endedUs, closedEnd);
                consumption.Note(rated);
                _added.Add(new Added(endedUs, rated));
            }
        }
        consumption.Save(_addConsumption);
        RollUp(_added);
        AddTotals();
        return _added.Count;
    }

    /// <param name="beforeUs">Start of the first minute that stays.</param>
    /// <returns>How many rows went.</returns>
    public int RemoveMinutes(long beforeUs)
    {
        var removed = 0;
        foreach (var remove in _removeMinutes)
        {
            remove.Bind(1, beforeUs);
            removed += remove.Execute();
        }
        Mark(LedgerMarks.MinutesFrom, beforeUs);
        // Where this commit fails, the session goes with it.
        _minutesFromUs = Math.Max(_minutesFromUs, beforeUs);
        return removed;
    }

    public void Mark(string name, long value)
    {
        _raiseMark.Bind(1, name);
        _raiseMark.Bind(2, value);
        _raiseMark.Execute();
    }

    public bool RollupsAreReady() => LedgerMarks.Read(_selectMark, LedgerMarks.RollupsReady) == 1;

    /// <summary>Adds records that are in the ledger to the rollups that should have them.</summary>
    public void RollUp(IReadOnlyList<RatedRecord> records)
    {
        _added.Clear();
        foreach (var rated in records)
        {
            _added.Add(new Added(Micros.Of(rated.Record.EndedAt), rated));
        }
        RollUp(_added);
        AddTotals();
    }

    private bool Insert(RatedRecord rated, long endedUs)
    {
        UsageColumns.Bind(_insert, rated.Record);
        var (usd, pico) = CostColumns.Split(rated.Cost);
        _insert.Bind(UsageColumns.Count + 1, endedUs);
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

    private void NoteLate(Guid id, long endedUs, long closedEnd)
    {
        if (endedUs < closedEnd)
        {
            UsageColumns.BindId(_noteLate, id);
            _noteLate.Execute();
        }
    }

    /// <summary>Brings the records of each rollup row together, so that the row is written once.</summary>
    private void RollUp(List<Added> added)
    {
        foreach (var writer in _rollups)
        {
            var table = writer.Table;
            added.Sort((a, b) => Compare(table.KeyOf(a.Rated, a.EndedUs), table.KeyOf(b.Rated, b.EndedUs)));
            for (var i = 0; i < added.Count;)
            {
                var key = table.KeyOf(added[i].Rated, added[i].EndedUs);
                _rollup.Clear();
                do
                {
                    _rollup.Add(added[i++].Rated);
                }
                while (i < added.Count && table.KeyOf(added[i].Rated, added[i].EndedUs) == key);
                if (!table.IsByMinute || key.BucketUs >= _minutesFromUs)
                {
                    writer.Add(key, _rollup);
                }
            }
        }
    }

    private void AddTotals()
    {
        _totals.Clear();
        foreach (var (_, rated) in _added)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_totals, rated.Record.Model, out _)++;
        }
        foreach (var (model, requests) in _totals)
        {
            _addTotal.Bind(1, model);
            _addTotal.Bind(2, requests);
            _addTotal.Execute();
        }
    }

    private static int Compare(in RollupKey a, in RollupKey b)
    {
        var order = a.BucketUs.CompareTo(b.BucketUs);
        order = order != 0 ? order : string.CompareOrdinal(a.Project, b.Project);
        order = order != 0 ? order : string.CompareOrdinal(a.Model, b.Model);
        return order != 0 ? order : a.Revision.CompareTo(b.Revision);
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Added(long EndedUs, RatedRecord Rated);
}
