using Microsoft.Data.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Invoices.Sqlite;

/// <summary>
/// Gpu time in which replicas started or woke, by project. A start serves whoever waits for it, so a model's time is shared
/// out by how many requests of each project waited for a start or a wake; what nobody waited for is on no invoice.
/// </summary>
internal sealed class SqliteColdStartTimes(SqliteLedger ledger) : IColdStartTimes
{
    public async ValueTask<IReadOnlyList<ColdStartTime>> GpuSecondsAsync(
        DateTimeOffset from, DateTimeOffset to, string? project, CancellationToken cancellationToken = default)
    {
        var warming = (await ledger.GpuSecondsAsync(new GpuTimeQuery(from, to), cancellationToken))
            .Where(s => s.Use == GpuUse.Warming)
            .GroupBy(s => s.Model, StringComparer.Ordinal);
        var waited = (await ledger.ReadAsync(connection => Waited(connection, from, to), cancellationToken)).ToLookup(w => w.Model, StringComparer.Ordinal);
        return
        [
            .. warming.SelectMany(model => Share(model.Key, model.Sum(s => s.GpuMicroseconds), [.. waited[model.Key]]))
                .Where(share => share.GpuMicroseconds > 0 && (project is null || share.Project == project)),
        ];
    }

    /// <summary>The shares add up to the whole.</summary>
    private static IEnumerable<ColdStartTime> Share(string model, long whole, List<ColdStarts> projects)
    {
        var all = projects.Sum(p => p.Requests);
        var (sum, given) = (Int128.Zero, 0L);
        foreach (var (project, _, requests) in projects)
        {
            sum += requests;
            var upTo = (long)(whole * sum / all);
            yield return new ColdStartTime(project, model, upTo - given);
            given = upTo;
        }
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

    private sealed record ColdStarts(string Project, string Model, long Requests);
}
