using Microsoft.Data.Sqlite;

namespace Podvirt.Messaging.Sqlite;

/// <summary>A writer's connection with its prepared statements. Used by one thread.</summary>
internal abstract class WriteSession : IDisposable
{
    private readonly List<IDisposable> _prepared = [];
    private readonly Statement _begin;
    private readonly Statement _commit;

    /// <summary>As <see cref="DataFile.OpenWriter"/> sets it.</summary>
    private StateDurability _durability = StateDurability.Machine;

    protected WriteSession(SqliteConnection connection)
    {
        Connection = connection;
        _begin = PrepareStatement("BEGIN IMMEDIATE");
        _commit = PrepareStatement("COMMIT");
    }

    protected SqliteConnection Connection { get; }

    /// <summary>
    /// Begins a transaction whose commit returns when it survives that much. In a write-ahead log the lesser one leaves the
    /// log unsynced until a later commit or a checkpoint syncs it, always from its beginning on: it is cut off after a loss of power,
    /// never torn.
    /// </summary>
    public virtual void Begin(StateDurability durability)
    {
        if (durability != _durability)
        {
            // Takes effect while it is compiled: not to be prepared once and for all.
            using var command = Connection.CreateCommand();
            command.CommandText = durability == StateDurability.Machine ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
            command.ExecuteNonQuery();
            _durability = durability;
        }

        _begin.Execute();
    }

    public virtual void Commit() => _commit.Execute();

    /// <summary>Closing an open transaction's connection rolls it back.</summary>
    public void Dispose()
    {
        foreach (var prepared in _prepared)
        {
            prepared.Dispose();
        }
        Connection.Dispose();
    }

    /// <summary>For what runs once a request.</summary>
    protected Statement PrepareStatement(string sql)
    {
        var statement = new Statement(Connection, sql);
        _prepared.Add(statement);
        return statement;
    }

    protected SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = Connection.CreateCommand();
        _prepared.Add(command);
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
