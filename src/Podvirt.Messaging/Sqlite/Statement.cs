using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Podvirt.Messaging.Sqlite;

/// <summary>
/// One prepared statement without the objects in between: a <see cref="SqliteCommand"/> boxes every number and encodes
/// every text anew, this allocates nothing once its buffer is as long as the longest text. Used by one thread. Waits
/// for a lock as long as the connection's <c>busy_timeout</c> says.
/// </summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;
    private byte[] _text = new byte[256];

    /// <exception cref="SqliteException">The SQL is wrong, or the file cannot be read.</exception>
    public Statement(SqliteConnection connection, string sql)
    {
        _connection = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(_connection, sql, out _statement));
    }

    /// <param name="parameter">From 1, in the order in which the parameters first stand in the SQL.</param>
    /// <param name="value">The number.</param>
    public void Bind(int parameter, long value) => Check(raw.sqlite3_bind_int64(_statement, parameter, value));

    public void Bind(int parameter, long? value) =>
        Check(value is { } number ? raw.sqlite3_bind_int64(_statement, parameter, number) : raw.sqlite3_bind_null(_statement, parameter));

    public void Bind(int parameter, string value)
    {
        var bytes = Encoding.UTF8.GetMaxByteCount(value.Length);
        if (bytes > _text.Length)
        {
            _text = new byte[bytes];
        }
        Check(raw.sqlite3_bind_text(_statement, parameter, _text.AsSpan(0, Encoding.UTF8.GetBytes(value, _text))));
    }

    /// <summary>The bytes are copied.</summary>
    public void BindBlob(int parameter, ReadOnlySpan<byte> value) => Check(raw.sqlite3_bind_blob(_statement, parameter, value));

    /// <summary>Runs it to its end and makes it ready for the next time. Returns how many rows it changed.</summary>
    public int Execute()
    {
        var result = raw.sqlite3_step(_statement);
        var changed = result == raw.SQLITE_DONE ? raw.sqlite3_changes(_connection) : 0;

        // A failed step is told once more by the reset: that one counts, because it also says why.
        Check(raw.sqlite3_reset(_statement));
        return changed;
    }

    /// <summary>Moves on to the next row. False at the end, where the statement is ready for the next time.</summary>
    public bool Step()
    {
        if (raw.sqlite3_step(_statement) == raw.SQLITE_ROW)
        {
            return true;
        }
        Check(raw.sqlite3_reset(_statement));
        return false;
    }

    /// <param name="column">From 0.</param>
    public long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    /// <summary>A text's UTF-8 or a blob's bytes, until the next step.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(_statement, column);

    public void Dispose() => _statement.Dispose();

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _connection);
}
