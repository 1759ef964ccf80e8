using Microsoft.Data.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Invoices.Sqlite;

/// <summary>Cold starts in the ledger's file.</summary>
internal sealed class SqliteColdStartTimes(SqliteLedger ledger) : IColdStartTimes
{
    public async ValueTask<IReadOnlyList<ColdStartTime>> GpuSecondsAsync(
        DateTimeOffset from, DateTimeOffset to, string? project, CancellationToken cancellationToken = default)
    {
        var gpuTime = await ledger.GpuSecondsAsync(new GpuTimeQuery(from, to), cancellationToken);
        return ColdStartShares.Of(gpuTime, await ledger.ReadAsync(connection => Waited(connection, from, to), cancellationToken), project);
    }

    /// <summary>By the hour: months begin with one.</summary>
    private static List<ColdStarts> Waited(SqliteConnection connection, DateTimeOffset from, DateTimeOffset to)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT project, model, sum(cold_starts) FROM {RollupTable.HourByProject.Name}
            WHERE bucket_us >= $from AND bucket_us < $to GROUP BY project, model HAVING sum(cold_starts) > 0 ORDER BY project, model
            """;
        command.Parameters.AddWithValue("$from", Micros.Of(from));
        command.Parameters.AddWithValue("$to", Micros.Of(to));
        using var reader = command.ExecuteReader();
        var waited = new List<ColdStarts>();
        while (reader.Read())
        {
            waited.Add(new ColdStarts(reader.GetString(0), reader.GetString(1), reader.GetInt64(2)));
        }
        return waited;
    }
}
