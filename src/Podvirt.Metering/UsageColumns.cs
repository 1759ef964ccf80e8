using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering;

/// <summary>A usage record as columns: the same in the outbox and in the ledger.</summary>
internal static class UsageColumns
{
    /// <summary>For CREATE TABLE, as of the first schema; <see cref="Added"/> came later. The tables are STRICT: a sum or a value that is no integer fails instead of becoming a float.</summary>
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

    public const int Count = 24;

    public const string List =
        "id, project, key, model, revision, replica, surface, outcome, status, reason, streamed, prompt, cached, completion, reasoning, "
        + "source, started_us, parked_us, first_token_us, duration_us, cold_start, queued_us, video_us, quoted_rate";

    /// <summary>Brings a table of the first schema to the second.</summary>
    public static string Added(string table) =>
        $"ALTER TABLE {table} ADD COLUMN queued_us INTEGER NOT NULL DEFAULT 0; ALTER TABLE {table} ADD COLUMN video_us INTEGER NOT NULL DEFAULT 0;";

    /// <summary>Brings a table of the second schema to the third.</summary>
    public static string AddedQuote(string table) => $"ALTER TABLE {table} ADD COLUMN quoted_rate INTEGER;";

    /// <summary>In the order of <see cref="List"/>.</summary>
    public static IReadOnlyList<string> Parameters { get; } = [.. List.Split(", ").Select(name => "$" + name)];

    /// <summary>Sets the first <see cref="Count"/> parameters.</summary>
    public static void Bind(Statement statement, UsageRecord record)
    {
        BindId(statement, record.Id);
        statement.Bind(2, record.Project);
        statement.Bind(3, record.Key);
        statement.Bind(4, record.Model);
        statement.Bind(5, record.Revision);
        statement.Bind(6, record.Replica);
        statement.Bind(7, record.Surface);
        statement.Bind(8, UsageNames.Of(record.Outcome));
        statement.Bind(9, record.Status);
        statement.Bind(10, record.Reason);
        statement.Bind(11, record.Streamed ? 1 : 0);
        statement.Bind(12, record.Tokens.Prompt);
        statement.Bind(13, record.Tokens.Cached);
        statement.Bind(14, record.Tokens.Completion);
        statement.Bind(15, record.Tokens.Reasoning);
        statement.Bind(16, UsageNames.Of(record.Source));
        statement.Bind(17, Micros.Of(record.StartedAt));
        statement.Bind(18, record.ParkedUs);
        statement.Bind(19, record.FirstTokenUs);
        statement.Bind(20, record.DurationUs);
        statement.Bind(21, record.ColdStart ? 1 : 0);
        statement.Bind(22, record.QueuedUs);
        statement.Bind(23, record.VideoUs);
        statement.Bind(24, (long?)record.QuotedRate);
    }

    /// <summary>Sets the first parameter.</summary>
    public static void BindId(Statement statement, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        statement.BindBlob(1, bytes);
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
        QueuedUs = row.GetInt64(at + 21),
        VideoUs = row.GetInt64(at + 22),
        QuotedRate = row.IsDBNull(at + 23) ? null : row.GetInt32(at + 23),
    };
}

/// <summary>Times as whole microseconds since 1970, UTC.</summary>
internal static class Micros
{
    public const long Minute = 60_000_000;
    public const long Hour = 60 * Minute;
    public const long Day = 24 * Hour;

    public static long Of(DateTimeOffset time) => FloorTo(time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks, TimeSpan.TicksPerMicrosecond) / TimeSpan.TicksPerMicrosecond;

    /// <summary>The first whole microsecond that is not before the time: where a bound within one begins.</summary>
    public static long FirstAt(DateTimeOffset time) => time.UtcTicks % TimeSpan.TicksPerMicrosecond == 0 ? Of(time) : Of(time) + 1;

    public static DateTimeOffset ToTime(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);

    /// <summary>The start of the bucket that holds the time, also before 1970.</summary>
    public static long FloorTo(long micros, long bucket) => micros - (((micros % bucket) + bucket) % bucket);
}
