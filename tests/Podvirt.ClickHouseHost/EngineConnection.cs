using System.Runtime.InteropServices;
using System.Text;

namespace Podvirt.ClickHouseHost;

/// <summary>One connection to the engine: one statement at a time.</summary>
internal sealed unsafe class EngineConnection : IDisposable
{
    private readonly Dictionary<string, string> _settings = [];
    private nint* _connection;
    private string _database = "default";

    /// <param name="arguments">As a command line: <c>--path=…</c> and settings.</param>
    public EngineConnection(IReadOnlyList<string> arguments)
    {
        var texts = arguments.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
        try
        {
            fixed (nint* first = texts)
            {
                _connection = Chdb.Connect(texts.Length, first);
            }
        }
        finally
        {
            Array.ForEach(texts, Marshal.FreeCoTaskMem);
        }
        if (_connection is null)
        {
            throw new InvalidOperationException("The ClickHouse engine did not open its data path.");
        }
    }

    /// <summary>Sets what differs from the statement before: a connection remembers.</summary>
    /// <exception cref="EngineException">The engine refused it.</exception>
    public void Use(string database, IReadOnlyDictionary<string, string> settings)
    {
        if (database != _database)
        {
            Do($"USE `{database}`");
            _database = database;
        }
        foreach (var name in _settings.Keys.Except(settings.Keys).ToList())
        {
            Do($"SET {name} = DEFAULT");
            _settings.Remove(name);
        }
        foreach (var (name, value) in settings)
        {
            if (_settings.GetValueOrDefault(name) != value)
            {
                Do($"SET {name} = '{value.Replace("\\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'");
                _settings[name] = value;
            }
        }
    }

    /// <exception cref="EngineException">The engine refused it.</exception>
    public byte[] Query(ReadOnlySpan<byte> statement, string format, IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        var formatBytes = Encoding.UTF8.GetBytes(format);
        using var names = new Texts(parameters.Select(p => p.Key));
        using var values = new Texts(parameters.Select(p => p.Value));
        nint result;
        fixed (byte* query = statement, formatStart = formatBytes)
        fixed (nint* nameStarts = names.Starts, valueStarts = values.Starts)
        fixed (nuint* nameLengths = names.Lengths, valueLengths = values.Lengths)
        {
            result = Chdb.Query(
                *_connection, query, (nuint)statement.Length, formatStart, (nuint)formatBytes.Length,
                nameStarts, nameLengths, valueStarts, valueLengths, (nuint)parameters.Count);
        }
        return Take(result);
    }

    /// <summary>Inserts data: what stands behind the first line, of which the last word is its format.</summary>
    /// <exception cref="EngineException">The engine refused it.</exception>
    public void Insert(string head, string format, ReadOnlySpan<byte> data)
    {
        var (headBytes, formatBytes) = (Encoding.UTF8.GetBytes(head), Encoding.UTF8.GetBytes(format));
        nint stream;
        fixed (byte* headStart = headBytes, formatStart = formatBytes)
        {
            stream = Chdb.BeginInsert(*_connection, headStart, (nuint)headBytes.Length, formatStart, (nuint)formatBytes.Length);
        }
        try
        {
            fixed (byte* start = data)
            {
                if (Marshal.PtrToStringUTF8(Chdb.InsertErrorOf(stream)) is { Length: > 0 } refused)
                {
                    throw new EngineException(refused);
                }
                if (Chdb.AppendTo(stream, start, (nuint)data.Length) != 0)
                {
                    throw new EngineException(Marshal.PtrToStringUTF8(Chdb.InsertErrorOf(stream)) ?? "The engine took no data.");
                }
            }
            Take(Chdb.EndInsert(stream));
        }
        finally
        {
            Chdb.DestroyInsert(stream);
        }
    }

    public void Dispose()
    {
        if (_connection is not null)
        {
            Chdb.Close(_connection);
            _connection = null;
        }
    }

    private static byte[] Take(nint result)
    {
        try
        {
            var error = Marshal.PtrToStringUTF8(Chdb.ErrorOf(result));
            return string.IsNullOrEmpty(error)
                ? new ReadOnlySpan<byte>(Chdb.BufferOf(result), checked((int)Chdb.LengthOf(result))).ToArray()
                : throw new EngineException(error);
        }
        finally
        {
            Chdb.Destroy(result);
        }
    }

    private void Do(string statement) => Query(Encoding.UTF8.GetBytes(statement), "Null", []);

    /// <summary>Texts in memory that does not move.</summary>
    private sealed class Texts : IDisposable
    {
        public Texts(IEnumerable<string> texts)
        {
            var all = texts.ToArray();
            Starts = Array.ConvertAll(all, Marshal.StringToCoTaskMemUTF8);
            Lengths = Array.ConvertAll(all, text => (nuint)Encoding.UTF8.GetByteCount(text));
        }

        public nint[] Starts { get; }

        public nuint[] Lengths { get; }

        public void Dispose() => Array.ForEach(Starts, Marshal.FreeCoTaskMem);
    }
}

/// <summary>What the engine says against a statement, as ClickHouse words it.</summary>
internal sealed class EngineException(string message) : Exception(message);
