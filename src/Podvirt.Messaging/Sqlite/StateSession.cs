using Microsoft.Data.Sqlite;

namespace Podvirt.Messaging.Sqlite;

/// <summary>The state store's statements. Revisions are handed out here and stored with the transaction that uses them.</summary>
internal sealed class StateSession : WriteSession
{
    public static IReadOnlyList<string> Migrations { get; } =
    [
        """
        CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL, revision INTEGER NOT NULL) STRICT;
        CREATE TABLE counter (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;
        INSERT INTO counter VALUES (1, 0);
        """,
    ];

    private readonly SqliteCommand _revisionOf;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _delete;
    private readonly SqliteCommand _saveCounter;
    private long _revision;
    private long _savedRevision;

    public StateSession(SqliteConnection connection)
        : base(connection)
    {
        _revisionOf = Prepare("SELECT revision FROM state WHERE key = $key", "$key");
        _put = Prepare(
            "INSERT INTO state VALUES ($key, $value, $revision) ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision",
            "$key", "$value", "$revision");
        _delete = Prepare("DELETE FROM state WHERE key = $key", "$key");
        _saveCounter = Prepare("UPDATE counter SET revision = $revision", "$revision");
        _revision = (long)Prepare("SELECT revision FROM counter").ExecuteScalar()!;
        _savedRevision = _revision;
    }

    /// <summary>Null where nothing is.</summary>
    public long? RevisionOf(string key)
    {
        _revisionOf.Parameters[0].Value = key;
        return (long?)_revisionOf.ExecuteScalar();
    }

    public StateEntry Put(string key, byte[] value)
    {
        _put.Parameters[0].Value = key;
        _put.Parameters[1].Value = value;
        _put.Parameters[2].Value = ++_revision;
        _put.ExecuteNonQuery();
        return new StateEntry(key, value, _revision);
    }

    public void Delete(string key)
    {
        // A delete uses up a revision too: the key's next life never repeats one of this life's.
        _revision++;
        _delete.Parameters[0].Value = key;
        _delete.ExecuteNonQuery();
    }

    public List<StateEntry> List(string prefix) => List(Connection, prefix);

    public override void Commit()
    {
        if (_revision != _savedRevision)
        {
            _saveCounter.Parameters[0].Value = _revision;
            _saveCounter.ExecuteNonQuery();
        }
        base.Commit();
        _savedRevision = _revision;
    }

    public static List<StateEntry> List(SqliteConnection connection, string prefix)
    {
        using var command = connection.CreateCommand();
        // Keys hold nothing above '~', so every key with the prefix sorts before prefix + DEL.
        command.CommandText = "SELECT key, value, revision FROM state WHERE key >= $from AND key < $to ORDER BY key";
        command.Parameters.AddWithValue("$from", prefix);
        command.Parameters.AddWithValue("$to", prefix + "\x7f");
        using var reader = command.ExecuteReader();
        var entries = new List<StateEntry>();
        while (reader.Read())
        {
            entries.Add(EntryOf(reader));
        }
        return entries;
    }

    public static StateEntry? Get(SqliteConnection connection, string key)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT key, value, revision FROM state WHERE key = $key";
        command.Parameters.AddWithValue("$key", key);
        using var reader = command.ExecuteReader();
        return reader.Read() ? EntryOf(reader) : null;
    }

    private static StateEntry EntryOf(SqliteDataReader reader) =>
        new(reader.GetString(0), reader.GetFieldValue<byte[]>(1), reader.GetInt64(2));
}
