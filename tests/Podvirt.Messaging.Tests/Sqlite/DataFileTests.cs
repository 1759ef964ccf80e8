using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Messaging.Tests.Sqlite;

public sealed class DataFileTests : IDisposable
{
    private static readonly string[] _schema = ["CREATE TABLE t (x INTEGER) STRICT"];

    private readonly TempDirectory _directory = new();

    private string FilePath => _directory.File("some.db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void SecondOpening_NamesTheFileAndTheLock()
    {
        using var first = DataFile.Open(FilePath, _schema, checkContent: true);

        var error = Assert.Throws<DataFileException>(() => DataFile.Open(FilePath, _schema, checkContent: true));

        Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
        Assert.Contains("in use by another process", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OpeningAfterClosing_Succeeds()
    {
        DataFile.Open(FilePath, _schema, checkContent: true).Dispose();
        DataFile.Open(FilePath, _schema, checkContent: true).Dispose();
    }

    [Fact]
    public void FileThatIsNoDatabase_IsNamedAndLeftAlone()
    {
        File.WriteAllText(FilePath, new string('x', 10_000));

        var error = Assert.Throws<DataFileException>(() => DataFile.Open(FilePath, _schema, checkContent: false));

        Assert.Contains(FilePath, error.Message, StringComparison.Ordinal);
        Assert.Contains("restore a backup", error.Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 10_000), File.ReadAllText(FilePath));
        File.Delete(FilePath);
        DataFile.Open(FilePath, _schema, checkContent: true).Dispose();
    }

    [Fact]
    public void DamagedPage_IsFoundByTheCheck()
    {
        using (var file = DataFile.Open(FilePath, _schema, checkContent: true))
        using (var connection = file.OpenWriter())
        {
            Execute(connection, "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50000) INSERT INTO t SELECT x FROM n");
        }
        using (var stream = File.OpenWrite(FilePath))
        {
            stream.Position = 4096 * 3;
            stream.Write(Enumerable.Repeat((byte)0xEE, 4096).ToArray());
        }

        var error = Assert.Throws<DataFileException>(() => DataFile.Open(FilePath, _schema, checkContent: true));

        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NewerSchema_IsRefused()
    {
        DataFile.Open(FilePath, [.. _schema, "CREATE TABLE u (x INTEGER) STRICT"], checkContent: true).Dispose();

        var error = Assert.Throws<DataFileException>(() => DataFile.Open(FilePath, _schema, checkContent: true));

        Assert.Contains("newer Podvirt (schema 2; this one knows 1)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OlderSchema_IsBroughtUpToDateWithItsRows()
    {
        using (var old = DataFile.Open(FilePath, _schema, checkContent: true))
        using (var connection = old.OpenWriter())
        {
            Execute(connection, "INSERT INTO t VALUES (7)");
        }

        using var file = DataFile.Open(FilePath, [.. _schema, "ALTER TABLE t ADD COLUMN y INTEGER NOT NULL DEFAULT 1"], checkContent: true);
        using var reader = file.OpenReader();

        Assert.Equal(8L, Scalar(reader, "SELECT x + y FROM t"));
        Assert.Equal(2L, Scalar(reader, "PRAGMA user_version"));
    }

    [Fact]
    public void FailedMigration_LeavesTheOldSchema()
    {
        DataFile.Open(FilePath, _schema, checkContent: true).Dispose();

        Assert.Throws<DataFileException>(() => DataFile.Open(FilePath, [.. _schema, "CREATE TABLE u (x INTEGER); CREATE NONSENSE"], checkContent: true));

        using var file = DataFile.Open(FilePath, _schema, checkContent: true);
        using var reader = file.OpenReader();
        Assert.Equal(0L, Scalar(reader, "SELECT count(*) FROM sqlite_master WHERE name = 'u'"));
    }

    [Fact]
    public void Writer_SyncsFullyAndReaderCannotWrite()
    {
        using var file = DataFile.Open(FilePath, _schema, checkContent: true);
        using var writer = file.OpenWriter();
        using var reader = file.OpenReader();

        Assert.Equal("wal", Scalar(writer, "PRAGMA journal_mode"));
        Assert.Equal(2L, Scalar(writer, "PRAGMA synchronous"));
        Assert.Throws<SqliteException>(() => Execute(reader, "INSERT INTO t VALUES (1)"));
    }

    [Fact]
    public void DirectoryThatIsAFile_IsNamed()
    {
        File.WriteAllText(_directory.File("data"), "");

        var error = Assert.Throws<DataFileException>(() => DataFile.Open(Path.Combine(_directory.File("data"), "some.db"), _schema, checkContent: true));

        Assert.Contains("some.db", error.Message, StringComparison.Ordinal);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
