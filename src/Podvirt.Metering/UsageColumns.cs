using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;

namespace Podvirt.Metering;

/// <summary>A usage record as columns: the same in the outbox and in the ledger.</summary>
internal static class UsageColumns
{
    /// <summary>For CREATE TABLE. The tables are STRICT: a sum or a value that is no integer fails instead of becoming a float.</summary>
    public const string Definition =
        """
        id BLOB NOT NULL UNIQUE,
        project TEXT NOT NULL,
        key TEXT NOT NULL,
        model TEXT NOT NULL,
        revision INTEGER NOT NULL,
        replica TEXT NOT NULL,
        surface TEXT NOT NULL,
        outcome TEXT NOT NULL,
        status INTEGER NOT NULL,
        reason TEXT NOT NULL,
        streamed INTEGER NOT NULL,
        prompt INTEGER NOT NULL,
        cached INTEGER NOT NULL,
        completion INTEGER NOT NULL,
        reasoning INTEGER NOT NULL,
        source TEXT NOT NULL,
        started_us INTEGER NOT NULL,
        parked_us INTEGER NOT NULL,
        first_token_us INTEGER,
        duration_us INTEGER NOT NULL,
        cold_start INTEGER NOT NULL
        """;

    public const int Count = 21;

    public const string List =
        "id, project, key, model, revision, replica, surface, outcome, status, reason, streamed, prompt, cached, completion, reasoning, "
        + "source, started_us, parked_us, first_token_us, duration_us, cold_start";

    /// <summary>In the order of <see cref="List"/>.</summary>
    public static IReadOnlyList<string> Parameters { get; } = [.. List.Split(", ").Select(name => "$" + name)];

    /// <summary>Sets the first <see cref="Count"/> parameters.</summary>
    public static void Bind(SqliteCommand command, UsageRecord record)
    {
        var at = command.Parameters;
        at[0].Value = record.Id.ToByteArray(bigEndian: true);
        at[1].Value = record.Project;
        at[2].Value = record.Key;
        at[3].Value = record.Model;
        at[4].Value = record.Revision;
        at[5].Value = record.Replica;
        at[6].Value = record.Surface;
        at[7].Value = UsageNames.Of(record.Outcome);
        at[8].Value = record.Status;
        at[9].Value = record.Reason;
        at[10].Value = record.Streamed;
        at[11].Value = record.Tokens.Prompt;
        at[12].Value = record.Tokens.Cached;
        at[13].Value = record.Tokens.Completion;
        at[14].Value = record.Tokens.Reasoning;
        at[15].Value = UsageNames.Of(record.Source);
        at[16].Value = Micros.Of(record.StartedAt);
        at[17].Value = record.ParkedUs;
        at[18].Value = (object?)record.FirstTokenUs ?? DBNull.Value;
        at[19].Value = record.DurationUs;
        at[20].Value = record.ColdStart;
    }

    /// <param name="at">The column where <see cref="List"/> begins.</param>
    public static UsageRecord Read(SqliteDataReader row, int at) => new()
    {
        Id = new Guid(row.GetFieldValue<byte[]>(at), bigEndian: true),
        Project = row.GetString(at + 1),
        Key = row.GetString(at + 2),
        Model = row.GetString(at + 3),
        Revision = row.GetInt32(at + 4),
        Replica = row.GetString(at + 5),
        Surface = row.GetString(at + 6),
        Outcome = UsageNames.Outcome(row.GetString(at + 7)),
        Status = row.GetInt32(at + 8),
        Reason = row.GetString(at + 9),
        Streamed = row.GetBoolean(at + 10),
        Tokens = new TokenCounts(row.GetInt64(at + 11), row.GetInt64(at + 12), row.GetInt64(at + 13), row.GetInt64(at + 14)),
        Source = UsageNames.Source(row.GetString(at + 15)),
        StartedAt = Micros.ToTime(row.GetInt64(at + 16)),
        ParkedUs = row.GetInt64(at + 17),
        FirstTokenUs = row.IsDBNull(at + 18) ? null : row.GetInt64(at + 18),
        DurationUs = row.GetInt64(at + 19),
        ColdStart = row.GetBoolean(at + 20),
    };
}

/// <summary>Times as whole microseconds since 1970, UTC.</summary>
internal static class Micros
{
    public const long Minute = 60_000_000;
    public const long Hour = 60 * Minute;

    public static long Of(DateTimeOffset time) => FloorTo(time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks, TimeSpan.TicksPerMicrosecond) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset ToTime(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    /// <summary>The start of the bucket that holds the time, also before 1970.</summary>
    public static long FloorTo(long micros, long bucket) => micros - (((micros % bucket) + bucket) % bucket);
}
