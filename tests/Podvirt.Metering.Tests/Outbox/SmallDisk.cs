using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Tests.Outbox;

/// <summary>Connections that cannot grow the file while the disk is "full": SQLite's own error, on a real transaction.</summary>
internal sealed class SmallDisk
{
    private SqliteConnection? _connection;
    private volatile bool _full;
    private int _opened;

    public int Opened => Volatile.Read(ref _opened);

    public SqliteConnection Open(DataFile file)
    {
        _connection = file.OpenWriter();
        Limit();
        Interlocked.Increment(ref _opened);
        return _connection;
    }

    /// <summary>Only while the writer is idle: the connection is its own.</summary>
    public void Fill()
    {
        _full = true;
        Limit();
    }

    public void Free() => _full = false;

    private void Limit()
    {
        if (_full)
        {
            using var command = _connection!.CreateCommand();
            command.CommandText = "PRAGMA max_page_count = 1";
            command.ExecuteNonQuery();
        }
    }
}
