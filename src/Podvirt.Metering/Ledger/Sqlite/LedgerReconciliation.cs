using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>
/// Compares the rollups with the raw rows, one part at a time: 1. every hour that has either, 2. every minute that was kept,
/// 3. the totals of the models, against the rollups by hour that were right by then.
/// </summary>
internal static class LedgerReconciliation
{
    /// <summary>Compares the next part that holds anything, from a moment on. Null where none is left.</summary>
    /// <param name="connection">Reads one moment of the ledger.</param>
    /// <param name="lengthUs">An hour or a minute.</param>
    /// <param name="fromUs">Start of a part.</param>
    public static ComparedPart? CompareNext(SqliteConnection connection, long lengthUs, long fromUs)
    {
        using var moment = connection.BeginTransaction(deferred: true);
        if (lengthUs == Micros.Minute)
        {
            // Minutes may be removed between two parts.
            fromUs = Math.Max(fromUs, MinutesFrom(connection));
        }
        using var raw = new RawReader(connection);
        RollupTable[] tables = [RollupTable.Of(lengthUs, isByProject: true), RollupTable.Of(lengthUs, isByProject: false)];
        var next = raw.Next(fromUs) ?? long.MaxValue;
        foreach (var table in tables)
        {
            next = Math.Min(next, First(connection, table, fromUs));
        }
        if (next == long.MaxValue)
        {
            return null;
        }
        var partUs = Micros.FloorTo(next, lengthUs);
        var byProject = new Dictionary<RollupKey, Rollup>();
        var records = 0L;
        foreach (var rated in raw.Read(partUs, partUs + lengthUs))
        {
            Of(byProject, new RollupKey(rated.Record.Project, partUs, rated.Record.Model, rated.Record.Revision)).Add(rated);
            records++;
        }
        var byModel = new Dictionary<RollupKey, Rollup>();
        foreach (var (key, rollup) in byProject)
        {
            Of(byModel, key with { Project = "" }).Add(rollup);
        }
        var differences = new List<string>();
        Compare(connection, tables[0], partUs, byProject, differences);
        Compare(connection, tables[1], partUs, byModel, differences);
        return new ComparedPart(partUs, records, differences);
    }

    /// <summary>One line for each model whose total is not the sum of its hours.</summary>
    public static List<string> CompareTotals(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT model, (SELECT requests FROM model_total t WHERE t.model = m.model),
              (SELECT sum(completed + cancelled + truncated + failed) FROM {RollupTable.HourByModel.Name} h WHERE h.model = m.model)
            FROM (SELECT model FROM model_total UNION SELECT model FROM {RollupTable.HourByModel.Name}) m
            """;
        using var reader = command.ExecuteReader();
        var differences = new List<string>();
        while (reader.Read())
        {
            var (total, hours) = (reader.IsDBNull(1) ? 0 : reader.GetInt64(1), reader.IsDBNull(2) ? 0 : reader.GetInt64(2));
            if (total != hours)
            {
                differences.Add(string.Create(CultureInfo.InvariantCulture, $"model_total {reader.GetString(0)}: {total} requests in the total, {hours} in the hours"));
            }
        }
        return differences;
    }

    /// <summary>Start of the first minute that is kept.</summary>
    private static long MinutesFrom(SqliteConnection connection)
    {
        using var select = new Statement(connection, LedgerMarks.Select);
        return LedgerMarks.Read(select, LedgerMarks.MinutesFrom) ?? long.MinValue;
    }

    private static long First(SqliteConnection connection, RollupTable table, long fromUs)
    {
        using var select = new Statement(connection, $"SELECT min(bucket_us) FROM {table.Name} WHERE bucket_us >= $from");
        select.Bind(1, fromUs);
        var first = long.MaxValue;
        while (select.Step())
        {
            first = select.IsNull(0) ? long.MaxValue : select.Number(0);
        }
        return first;
    }

    private static void Compare(SqliteConnection connection, RollupTable table, long partUs, Dictionary<RollupKey, Rollup> expected, List<string> differences)
    {
        using var select = new Statement(
            connection, $"SELECT {(table.IsByProject ? "project" : "''")}, model, revision, {Rollup.Columns} FROM {table.Name} WHERE bucket_us = $at");
        select.Bind(1, partUs);
        var names = new NameCache();
        while (select.Step())
        {
            var key = new RollupKey(names.Of(select.Bytes(0)), partUs, names.Of(select.Bytes(1)), (int)select.Number(2));
            if (!expected.Remove(key, out var rollup) || !rollup.EqualsRow(select, 3))
            {
                var found = new Rollup();
                found.AddRow(select, 3);
                differences.Add($"{table.Name} {key}: {found.Describe()} in the rollup, {rollup?.Describe() ?? "nothing"} in the raw records");
            }
        }
        differences.AddRange(expected.Select(e => $"{table.Name} {e.Key}: nothing in the rollup, {e.Value.Describe()} in the raw records"));
    }

    private static Rollup Of(Dictionary<RollupKey, Rollup> rollups, in RollupKey key)
    {
        ref var rollup = ref CollectionsMarshal.GetValueRefOrAddDefault(rollups, key, out _);
        return rollup ??= new Rollup();
    }
}

/// <summary>A part of the time that was compared.</summary>
/// <param name="StartUs">Its first microsecond.</param>
internal sealed record ComparedPart(long StartUs, long Records, List<string> Differences);
