using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>The ledger's looks at single records.</summary>
internal static class LedgerQueries
{
    private const string Row =
        $"""
        {UsageColumns.List}, rate_version, cost_usd, cost_pico,
        (SELECT sum(a.cost_usd) FROM adjustment a WHERE a.usage_id = usage.id), (SELECT sum(a.cost_pico) FROM adjustment a WHERE a.usage_id = usage.id)
        """;

    public static RatedRecord? Find(SqliteConnection connection, Guid id)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Row} FROM usage WHERE id = $id";
        command.Parameters.AddWithValue("$id", id.ToByteArray(bigEndian: true));
        using var reader = command.ExecuteReader();
        return reader.Read() ? ReadRow(reader) : null;
    }

    public static HashSet<Guid> Known(SqliteConnection connection, IReadOnlyList<RecordPlace> places)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT 1 FROM usage WHERE id = $id";
        var id = command.Parameters.Add("$id", SqliteType.Blob);
        var known = new HashSet<Guid>();
        foreach (var place in places)
        {
            id.Value = place.Id.ToByteArray(bigEndian: true);
            if (command.ExecuteScalar() is not null)
            {
                known.Add(place.Id);
            }
        }
        return known;
    }

    public static List<RatedRecord> List(SqliteConnection connection, UsageQuery query, int limit)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Row} FROM usage WHERE {UsageFilter.Of(command, query)} ORDER BY ended_us DESC, id DESC LIMIT {limit}";
        return ReadRows(command);
    }

    /// <summary>The first records of the query behind a place, oldest first.</summary>
    public static List<RatedRecord> ReadPart(SqliteConnection connection, UsageQuery query, RecordPlace? behind, int limit)
    {
        using var command = connection.CreateCommand();
        var (fromUs, toUs) = (Micros.FirstAt(query.From), Micros.FirstAt(query.To));
        // Begins to read at the place: without that each part would go through all those before it.
        var filter = UsageFilter.Of(command, query, behind is { } at ? Math.Max(fromUs, Micros.Of(at.EndedAt)) : fromUs, toUs);
        if (behind is { } place)
        {
            command.Parameters.AddWithValue("$behind_us", Micros.Of(place.EndedAt));
            command.Parameters.AddWithValue("$behind_id", place.Id.ToByteArray(bigEndian: true));
            filter += " AND (ended_us, id) > ($behind_us, $behind_id)";
        }
        command.CommandText = $"SELECT {Row} FROM usage WHERE {filter} ORDER BY ended_us, id LIMIT {limit}";
        return ReadRows(command);
    }

    public static Dictionary<string, long> RequestTotals(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT model, requests FROM model_total";
        using var reader = command.ExecuteReader();
        var totals = new Dictionary<string, long>(StringComparer.Ordinal);
        while (reader.Read())
        {
            totals.Add(reader.GetString(0), reader.GetInt64(1));
        }
        return totals;
    }

    private static List<RatedRecord> ReadRows(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var records = new List<RatedRecord>();
        while (reader.Read())
        {
            records.Add(ReadRow(reader));
        }
        return records;
    }

    private static RatedRecord ReadRow(SqliteDataReader reader) => new(
        UsageColumns.Read(reader, 0),
        reader.GetInt32(UsageColumns.Count),
        CostColumns.Join(reader.GetInt64(UsageColumns.Count + 1), reader.GetInt64(UsageColumns.Count + 2)))
    {
        Adjustment = reader.IsDBNull(UsageColumns.Count + 3)
            ? Cost.Zero
            : CostColumns.Join(reader.GetInt64(UsageColumns.Count + 3), reader.GetInt64(UsageColumns.Count + 4)),
    };
}
