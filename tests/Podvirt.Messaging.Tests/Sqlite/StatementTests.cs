using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Messaging.Tests.Sqlite;

public sealed class StatementTests : IDisposable
{
    private readonly SqliteConnection _connection = new("Data Source=:memory:");

    public StatementTests()
    {
        _connection.Open();
        using var create = new Statement(
            _connection, "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, text TEXT NOT NULL, number INTEGER, bytes BLOB) STRICT");
        create.Execute();
    }

    public void Dispose() => _connection.Dispose();

    [Fact]
    public void BoundValues_ReadBackAsTheyWere()
    {
        var longText = string.Concat(Enumerable.Repeat("äöü€😀", 500));
        using (var insert = Insert())
        {
            foreach (var (id, text, number) in ((int, string, long?)[])[(1, "", null), (2, longText, long.MinValue), (3, "a", long.MaxValue)])
            {
                insert.Bind(1, id);
                insert.Bind(2, text);
                insert.Bind(3, number);
                insert.BindBlob(4, [(byte)id, 0]);
                Assert.Equal(1, insert.Execute());
            }
        }

        using var select = new Statement(_connection, "SELECT text, number, bytes FROM t ORDER BY id");
        Assert.Equal([("", null, 1), (longText, long.MinValue, 2), ("a", long.MaxValue, 3)], Rows());

        // It is ready again after its last row.
        Assert.Equal(3, Rows().Count);

        List<(string, long?, int)> Rows()
        {
            var rows = new List<(string, long?, int)>();
            while (select.Step())
            {
                Assert.Equal(0, select.Bytes(2)[1]);
                rows.Add((System.Text.Encoding.UTF8.GetString(select.Bytes(0)), select.IsNull(1) ? null : select.Number(1), select.Bytes(2)[0]));
            }
            return rows;
        }
    }

    [Fact]
    public void RunFails_SaysWhyAndCanBeRunAgain()
    {
        using var insert = Insert();
        Run(insert, 1);
        var error = Assert.Throws<SqliteException>(() => Run(insert, 1));
        Assert.Equal(19, error.SqliteErrorCode);
        Assert.Contains("t.id", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, Run(insert, 2));
    }

    [Fact]
    public void NothingChanged_IsZeroRows()
    {
        using var insert = new Statement(_connection, "INSERT INTO t (id, text) VALUES ($id, 'x') ON CONFLICT DO NOTHING");
        insert.Bind(1, 7);
        Assert.Equal(1, insert.Execute());
        Assert.Equal(0, insert.Execute());
    }

    [Fact]
    public void WrongSql_Throws() => Assert.Throws<SqliteException>(() => new Statement(_connection, "SELECT nothing FROM nowhere"));

    [Fact]
    public void Running_AllocatesNothing()
    {
        using var insert = Insert();
        Run(insert, 1);
        Run(insert, 2);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var id = 3; id < 100; id++)
        {
            Run(insert, id);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private Statement Insert() => new(_connection, "INSERT INTO t (id, text, number, bytes) VALUES ($id, $text, $number, $bytes)");

    private static int Run(Statement insert, int id)
    {
        insert.Bind(1, id);
        insert.Bind(2, "some text");
        insert.Bind(3, 5L);
        insert.BindBlob(4, "abc"u8);
        return insert.Execute();
    }
}
