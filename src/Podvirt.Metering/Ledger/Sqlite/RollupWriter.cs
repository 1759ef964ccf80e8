using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>Adds to one rollup table. Used by the writer's thread.</summary>
internal sealed class RollupWriter
{
    private readonly Statement _find;
    private readonly Statement _add;
    private readonly int _keyColumns;

    public RollupWriter(RollupTable table, Func<string, Statement> prepare)
    {
        Table = table;
        var keys = table.Key.Split(", ");
        _keyColumns = keys.Length;
        _find = prepare($"SELECT durations, first_token_durations FROM {table.Name} WHERE {string.Join(" AND ", keys.Select(k => $"{k} = ${k}"))}");
        string[] columns = [.. keys, .. Rollup.SumColumnNames, "durations", "first_token_durations"];
        _add = prepare(
            $"INSERT INTO {table.Name} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(c => "$" + c))}) "
            + $"ON CONFLICT ({table.Key}) DO UPDATE SET {string.Join(", ", Rollup.SumColumnNames.Select(c => $"{c} = {c} + excluded.{c}"))}, "
            + "durations = excluded.durations, first_token_durations = excluded.first_token_durations");
    }

    public RollupTable Table { get; }

    /// <summary>Adds to the row, or makes it. Afterwards <paramref name="rollup"/> holds more than it did.</summary>
    public void Add(in RollupKey key, Rollup rollup)
    {
        BindKey(_add, key);
        // Sums are added by the statement, histograms here.
        rollup.BindSums(_add, _keyColumns + 1);
        BindKey(_find, key);
        while (_find.Step())
        {
            rollup.AddHistograms(_find, 0);
        }
        rollup.BindHistograms(_add, _keyColumns + Rollup.Sums + 1);
        _add.Execute();
    }

    private void BindKey(Statement statement, in RollupKey key)
    {
        var at = 1;
        if (Table.IsByProject)
        {
            statement.Bind(at++, key.Project);
        }
        statement.Bind(at, key.BucketUs);
        statement.Bind(at + 1, key.Model);
        statement.Bind(at + 2, key.Revision);
    }
}
