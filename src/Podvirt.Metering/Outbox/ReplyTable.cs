using Microsoft.Data.Sqlite;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Outbox;

/// <summary>Kept replies: bounded in number and bytes, the oldest give way, and each has its time.</summary>
internal static class ReplyTable
{
    public const string Definition =
        """
        CREATE TABLE reply (
          seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
          key BLOB NOT NULL UNIQUE,
          body_hash BLOB NOT NULL,
          request_id BLOB NOT NULL,
          status INTEGER NOT NULL,
          content_type TEXT NOT NULL,
          replica TEXT NOT NULL,
          size INTEGER NOT NULL,
          expires_us INTEGER NOT NULL,
          body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX reply_by_end ON reply (expires_us);
        """;

    public const string Put =
        "INSERT OR REPLACE INTO reply (key, body_hash, request_id, status, content_type, replica, size, expires_us, body) "
        + "VALUES ($key, $body_hash, $request_id, $status, $content_type, $replica, $size, $expires_us, $body)";

    public const string RemoveExpired = "DELETE FROM reply WHERE expires_us <= $now";

    public const string RemoveOldest = "DELETE FROM reply WHERE seq IN (SELECT seq FROM reply ORDER BY seq LIMIT $count)";

    public static void Bind(Statement put, StoredReply reply)
    {
        put.BindBlob(1, reply.Key.Span);
        put.BindBlob(2, reply.BodyHash.Span);
        Span<byte> id = stackalloc byte[16];
        reply.RequestId.TryWriteBytes(id, bigEndian: true, out _);
        put.BindBlob(3, id);
        put.Bind(4, reply.Status);
        put.Bind(5, reply.ContentType);
        put.Bind(6, reply.Replica);
        put.Bind(7, (long)reply.Body.Length);
        put.Bind(8, Micros.Of(reply.ExpiresAt));
        put.BindBlob(9, reply.Body.Span);
    }

    public static (long Count, long Bytes) Measure(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*), coalesce(sum(size), 0) FROM reply";
        using var reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    public static StoredReply? Find(SqliteConnection connection, ReadOnlyMemory<byte> key, DateTimeOffset now)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT body_hash, request_id, status, content_type, replica, body, expires_us FROM reply WHERE key = $key AND expires_us > $now";
        command.Parameters.AddWithValue("$key", key.ToArray());
        command.Parameters.AddWithValue("$now", Micros.Of(now));
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new StoredReply(
                key, reader.GetFieldValue<byte[]>(0), new Guid(reader.GetFieldValue<byte[]>(1), bigEndian: true), reader.GetInt32(2),
                reader.GetString(3), reader.GetString(4), reader.GetFieldValue<byte[]>(5), Micros.ToTime(reader.GetInt64(6)))
            : null;
    }
}
