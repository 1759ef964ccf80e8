using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Outbox;

/// <summary>The outbox's statements.</summary>
internal sealed class OutboxSession : WriteSession
{
    /// <summary>Records with impossible counts that are kept for inspection: the latest ones.</summary>
    private const int InvalidKept = 10_000;

    /// <summary>As much as a group of records: a probe that fits says that records fit.</summary>
    private const int ProbeBytes = 256 * 1024;

    public static IReadOnlyList<string> Migrations { get; } =
    [
        $"""
        CREATE TABLE outbox (seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, {UsageColumns.Definition}) STRICT;
        CREATE TABLE invalid_usage (seq INTEGER NOT NULL PRIMARY KEY, {UsageColumns.Definition}) STRICT;
        CREATE TABLE probe (id INTEGER NOT NULL PRIMARY KEY, filling BLOB NOT NULL) STRICT;
        """,
        UsageColumns.Added("outbox") + UsageColumns.Added("invalid_usage"),
        $"CREATE TABLE checkpoint ({UsageColumns.Definition}) STRICT; " + UsageColumns.Added("checkpoint"),
        UsageColumns.AddedQuote("outbox") + UsageColumns.AddedQuote("invalid_usage") + UsageColumns.AddedQuote("checkpoint"),
        ReplyTable.Definition,
        "CREATE TABLE identity (id BLOB NOT NULL) STRICT; INSERT INTO identity VALUES (randomblob(16));",
    ];

    private readonly Statement _append;
    private readonly Statement _checkpoint;
    private readonly Statement _removeCheckpoint;
    private readonly Statement _remove;
    private readonly SqliteCommand _keepInvalid;
    private readonly SqliteCommand _trimInvalid;
    private readonly SqliteCommand _probe;
    private readonly SqliteCommand _clearProbe;
    private readonly Statement _putReply;
    private readonly Statement _removeExpired;
    private readonly Statement _removeOldest;
    private (long Count, long Bytes)? _replies;

    public OutboxSession(SqliteConnection connection)
        : base(connection)
    {
        var values = string.Join(", ", UsageColumns.Parameters);
        _append = PrepareStatement($"INSERT INTO outbox ({UsageColumns.List}) VALUES ({values}) ON CONFLICT (id) DO NOTHING");
        _checkpoint = PrepareStatement(
            $"INSERT INTO checkpoint ({UsageColumns.List}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET "
            + string.Join(", ", UsageColumns.List.Split(", ").Skip(1).Select(name => $"{name} = excluded.{name}")));
        _removeCheckpoint = PrepareStatement("DELETE FROM checkpoint WHERE id = $id");
        _remove = PrepareStatement("DELETE FROM outbox WHERE seq <= $last");
        _keepInvalid = Prepare(
            $"INSERT INTO invalid_usage (seq, {UsageColumns.List}) SELECT seq, {UsageColumns.List} FROM outbox WHERE seq = $seq ON CONFLICT DO NOTHING",
            "$seq");
        _trimInvalid = Prepare($"DELETE FROM invalid_usage WHERE seq <= (SELECT seq FROM invalid_usage ORDER BY seq DESC LIMIT 1 OFFSET {InvalidKept})");
        _probe = Prepare($"INSERT INTO probe (filling) VALUES (zeroblob({ProbeBytes}))");
        _clearProbe = Prepare("DELETE FROM probe");
        _putReply = PrepareStatement(ReplyTable.Put);
        _removeExpired = PrepareStatement(ReplyTable.RemoveExpired);
        _removeOldest = PrepareStatement(ReplyTable.RemoveOldest);
    }

    /// <summary>False when the id is there already: the first record stands. Its checkpoint goes.</summary>
    public bool Append(UsageRecord record)
    {
        UsageColumns.Bind(_append, record);
        var isNew = _append.Execute() == 1;
        if (record.Streamed)
        {
            UsageColumns.BindId(_removeCheckpoint, record.Id);
            _removeCheckpoint.Execute();
        }
        return isNew;
    }

    /// <summary>Keeps a reply; those whose time is over go, and the oldest where there are too many.</summary>
    public void Keep(StoredReply reply, DateTimeOffset now, int countMax, long bytesMax)
    {
        ReplyTable.Bind(_putReply, reply);
        _putReply.Execute();
        _removeExpired.Bind(1, Micros.Of(now));
        var isMeasured = _removeExpired.Execute() == 0 && _replies is not null;
        var (count, bytes) = isMeasured ? (_replies!.Value.Count + 1, _replies.Value.Bytes + reply.Body.Length) : ReplyTable.Measure(Connection);
        while (count > countMax || (bytes > bytesMax && count > 1))
        {
            // An eighth at a time: what is measured anew is measured seldom.
            _removeOldest.Bind(1, Math.Max(1, count / 8));
            _removeOldest.Execute();
            (count, bytes) = ReplyTable.Measure(Connection);
        }
        _replies = (count, bytes);
    }

    /// <summary>In the place of an earlier one.</summary>
    public void Checkpoint(UsageRecord record)
    {
        UsageColumns.Bind(_checkpoint, record);
        _checkpoint.Execute();
    }

    /// <summary>Makes records of the checkpoints that a killed process left. Returns how many there were.</summary>
    public static int Recover(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        using var command = connection.CreateCommand();
        command.CommandText =
            $"INSERT INTO outbox ({UsageColumns.List}) SELECT {UsageColumns.List} FROM checkpoint WHERE true ORDER BY started_us ON CONFLICT (id) DO NOTHING";
        command.ExecuteNonQuery();
        command.CommandText = "DELETE FROM checkpoint";
        var count = command.ExecuteNonQuery();
        transaction.Commit();
        return count;
    }

    /// <summary>Removes the rows up to <paramref name="last"/>; keeps a copy of the <paramref name="invalid"/> ones.</summary>
    public int Remove(long last, IReadOnlyList<long> invalid)
    {
        foreach (var seq in invalid)
        {
            _keepInvalid.Parameters[0].Value = seq;
            _keepInvalid.ExecuteNonQuery();
        }
        if (invalid.Count > 0)
        {
            _trimInvalid.ExecuteNonQuery();
        }
        _remove.Bind(1, last);
        return _remove.Execute();
    }

    public void Probe() => _probe.ExecuteNonQuery();

    public void ClearProbe() => _clearProbe.ExecuteNonQuery();

    public static long Count(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM outbox";
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Given to the file with its first start.</summary>
    public static Guid Identity(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM identity";
        return new Guid((byte[])command.ExecuteScalar()!, bigEndian: true);
    }

    /// <summary>The oldest rows, in the order of their appends.</summary>
    public static List<OutboxRow> Read(SqliteConnection connection, int limit) => ReadBehind(connection, long.MinValue, limit);

    public static List<OutboxRow> ReadBehind(SqliteConnection connection, long seq, int limit) => Read(connection, "outbox", seq, limit);

    /// <summary>What is kept of records with impossible counts.</summary>
    public static List<OutboxRow> ReadInvalid(SqliteConnection connection, int limit) => Read(connection, "invalid_usage", long.MinValue, limit);

    /// <summary>How many such records there ever were, and the latest of them, newest first.</summary>
    public static (long Total, List<OutboxRow> Latest) ReadLatestInvalid(SqliteConnection connection, int limit)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*), coalesce(max(seq), 0) FROM invalid_usage";
        long last;
        long total;
        using (var counts = command.ExecuteReader())
        {
            counts.Read();
            (total, last) = (counts.GetInt64(0), counts.GetInt64(1));
        }
        command.CommandText = $"SELECT seq, {UsageColumns.List} FROM invalid_usage WHERE seq <= {last} ORDER BY seq DESC LIMIT {limit}";
        using var reader = command.ExecuteReader();
        var rows = new List<OutboxRow>();
        while (reader.Read())
        {
            rows.Add(new OutboxRow(reader.GetInt64(0), UsageColumns.Read(reader, 1)));
        }
        return (total, rows);
    }

    private static List<OutboxRow> Read(SqliteConnection connection, string table, long behind, int limit)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT seq, {UsageColumns.List} FROM {table} WHERE seq > {behind} ORDER BY seq LIMIT {limit}";
        using var reader = command.ExecuteReader();
        var rows = new List<OutboxRow>();
        while (reader.Read())
        {
            rows.Add(new OutboxRow(reader.GetInt64(0), UsageColumns.Read(reader, 1)));
        }
        return rows;
    }
}

/// <param name="Seq">Grows with every append; never used twice.</param>
internal sealed record OutboxRow(long Seq, UsageRecord Record);
