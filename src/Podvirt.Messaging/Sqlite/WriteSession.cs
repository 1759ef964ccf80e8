using Microsoft.Data.Sqlite;

namespace Podvirt.Messaging.Sqlite;

/// <summary>A writer's connection with its prepared statements. Used by one thread.</summary>
internal abstract class WriteSession : IDisposable
{
    private readonly List<SqliteCommand> _commands = [];
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;

    protected WriteSession(SqliteConnection connection)
    {
        Connection = connection;
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
    }

    protected SqliteConnection Connection { get; }

    public virtual void Begin() => _begin.ExecuteNonQuery();

    public virtual void Commit() => _commit.ExecuteNonQuery();

    /// <summary>Closing an open transaction's connection rolls it back.</summary>
    public void Dispose()
    {
        foreach (var command in _commands)
        {
            command.Dispose();
        }
        Connection.Dispose();
    }

    protected SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = Connection.CreateCommand();
        _commands.Add(command);
        command.CommandText = sql;
        foreach (var name in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }
        return command;
    }
}
