using Microsoft.Data.Sqlite;

namespace Podvirt.Messaging.Sqlite;

/// <summary>
/// One SQLite file of the data directory: made with mode 0600 (it holds what only its owner may see), in WAL mode, at the
/// newest schema, and locked against a second process for as long as this object lives.
/// </summary>
internal sealed class DataFile : IDisposable
{
    /// <summary>Milliseconds to wait for another connection of this process, which holds the file for a checkpoint at most.</summary>
    private const int BusyTimeoutMs = 5_000;

    /// <summary>The WAL is cut back to this many bytes after a checkpoint, so that one burst does not keep the space.</summary>
    private const int WalBytesKept = 64 * 1024 * 1024;

    private readonly FileStream _lock;

    private DataFile(string path, FileStream processLock)
    {
        Path = path;
        _lock = processLock;
    }

    public string Path { get; }

    /// <summary>
    /// 1. make the directory, 2. lock, 3. make the file with its permissions, 4. check it, 5. bring its schema up to date.
    /// </summary>
    /// <param name="path">Of the database; its directory is made.</param>
    /// <param name="migrations">Element <c>n</c> leads from schema <c>n</c> to <c>n + 1</c>. Never edited once released.</param>
    /// <param name="checkContent">Read the whole file for damage: for files that stay small.</param>
    /// <exception cref="DataFileException">Locked, damaged, unreadable, or of a newer schema.</exception>
    public static DataFile Open(string path, IReadOnlyList<string> migrations, bool checkContent)
    {
        path = System.IO.Path.GetFullPath(path);
        FileStream? processLock = null;
        try
        {
            MakeDirectory(System.IO.Path.GetDirectoryName(path)!);
            processLock = Lock(path);
            MakePrivate(path);
            var file = new DataFile(path, processLock);
            using (var connection = file.OpenWriter())
            {
                if (checkContent)
                {
                    CheckContent(connection, path);
                }
                Migrate(connection, path, migrations);
            }
            processLock = null;
            return file;
        }
        catch (SqliteException e)
        {
            throw DataFileException.From(path, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataFileException($"'{path}' cannot be opened: {e.Message}. Give the user that runs Podvirt read and write permission for the file and its directory.", e);
        }
        finally
        {
            processLock?.Dispose();
        }
    }

    /// <exception cref="SqliteException">See <see cref="Explain"/>.</exception>
    public SqliteConnection OpenWriter() => Connect($"PRAGMA journal_size_limit = {WalBytesKept}; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;");

    /// <summary>Sees what was committed before each statement; cannot write.</summary>
    public SqliteConnection OpenReader() => Connect("PRAGMA query_only = ON;");

    /// <summary>The same error in words that name the file.</summary>
    public Exception Explain(Exception error) => error is SqliteException e ? DataFileException.From(Path, e) : error;

    public void Dispose() => _lock.Dispose();

    private SqliteConnection Connect(string pragmas)
    {
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            Mode = SqliteOpenMode.ReadWrite,
            // Each worker keeps its connection for good; a pool would hold files open past disposal.
            Pooling = false,
            DefaultTimeout = BusyTimeoutMs / 1_000,
        };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = WAL;";
            var mode = command.ExecuteScalar() as string;
            if (!string.Equals(mode, "wal", StringComparison.OrdinalIgnoreCase))
            {
                throw new DataFileException($"'{Path}' cannot use a write-ahead log (mode '{mode}'). Put the data directory on a local disk.");
            }
            command.CommandText = $"PRAGMA busy_timeout = {BusyTimeoutMs}; PRAGMA trusted_schema = OFF; {pragmas}";
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void MakeDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>
    /// A second process would not see this one's watches and would move the same outbox. The lock is a file of its own:
    /// opening and closing the database file itself would drop SQLite's POSIX locks on it.
    /// </summary>
    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path + ".lock", PrivateFile(FileShare.None));
        }
        catch (IOException e) when (File.Exists(path + ".lock"))
        {
            throw new DataFileException($"'{path}' is in use by another process (it holds '{path}.lock'). Stop it, or give this one another data directory.", e);
        }
    }

    private static void MakePrivate(string path)
    {
        // The connection is not open yet, so closing this handle drops no lock of SQLite's.
        new FileStream(path, PrivateFile(FileShare.ReadWrite)).Dispose();
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        // SQLite gives -wal and -shm the mode of the database. Files from before (a restored backup) are narrowed here.
        foreach (var file in (string[])[path, path + "-wal", path + "-shm"])
        {
            if (File.Exists(file))
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }
        }
    }

    private static FileStreamOptions PrivateFile(FileShare share)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        return options;
    }

    private static void CheckContent(SqliteConnection connection, string path)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1);";
        if (command.ExecuteScalar() is string and not "ok" and var finding)
        {
            throw new DataFileException($"'{path}' is damaged ({finding}). Stop Podvirt, move the file and its '-wal' and '-shm' companions away, and restore a backup.");
        }
    }

    private static void Migrate(SqliteConnection connection, string path, IReadOnlyList<string> migrations)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version;";
        var version = (int)(long)command.ExecuteScalar()!;
        if (version > migrations.Count)
        {
            throw new DataFileException($"'{path}' was written by a newer Podvirt (schema {version}; this one knows {migrations.Count}). Run the newer version, or restore a backup from before.");
        }
        for (; version < migrations.Count; version++)
        {
            command.CommandText = $"BEGIN IMMEDIATE; {migrations[version]}; PRAGMA user_version = {version + 1}; COMMIT;";
            command.ExecuteNonQuery();
        }
    }
}
