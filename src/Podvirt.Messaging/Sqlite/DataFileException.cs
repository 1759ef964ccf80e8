using Microsoft.Data.Sqlite;

namespace Podvirt.Messaging.Sqlite;

/// <summary>A file of the data directory cannot be used. The message names the file and says what to do.</summary>
public sealed class DataFileException : IOException
{
    public DataFileException()
    {
    }

    public DataFileException(string message)
        : base(message)
    {
    }

    public DataFileException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>SQLite's primary result code, or 0.</summary>
    public int SqliteErrorCode => InnerException is SqliteException e ? e.SqliteErrorCode : 0;

    /// <summary>What is in the file is no sound database.</summary>
    public bool IsDamage => SqliteErrorCode is 11 or 26;

    // Result codes: https://www.sqlite.org/rescode.html
    internal static DataFileException From(string path, SqliteException error) => new(
        error.SqliteErrorCode switch
        {
            5 or 6 => $"'{path}' is locked by another process. Stop the other process that uses this data directory, then start again.",
            8 or 14 or 23 => $"'{path}' cannot be opened for writing. Give the user that runs Podvirt read and write permission for the file and its directory.",
            10 => $"'{path}' could not be read or written: the disk reported an error ({error.Message}). Check the disk.",
            11 or 26 => $"'{path}' is damaged or is not a database. Stop Podvirt, move the file and its '-wal' and '-shm' companions away, and restore a backup.",
            13 => $"'{path}' could not grow: the disk is full. Free space on it.",
            _ => $"'{path}': {error.Message}",
        },
        error);
}
