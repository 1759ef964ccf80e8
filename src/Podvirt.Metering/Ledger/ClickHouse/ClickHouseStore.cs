using System.Collections.Frozen;
using System.Net.Sockets;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.ADO.Readers;
using ClickHouse.Driver.Utility;
using Podvirt.Metering.Invoices.ClickHouse;
using Podvirt.Metering.Rating.ClickHouse;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>The one client of the process, with the settings that exactness needs. What fails becomes an <see cref="IOException"/> that says where and why.</summary>
internal sealed class ClickHouseStore : IDisposable
{
    private static readonly FrozenDictionary<string, object> _settings = new Dictionary<string, object>
    {
        // The client makes the batches: one that the server gathers is confirmed by others' tokens.
        ["async_insert"] = 0,
        ["insert_deduplicate"] = 1,
        // A batch that was cut between the raw rows and a rollup is completed by its repetition.
        ["deduplicate_blocks_in_dependent_materialized_views"] = 1,
        // After an outage a batch may hold records of many months.
        ["max_partitions_per_insert_block"] = 0,
        // The client's rows have different keys, and rollups are grouped: merging each block with itself finds nothing, and costs half of the insert.
        ["optimize_on_insert"] = 0,
        // A batch's ids stand in the question which of them are there.
        ["max_query_size"] = 64 << 20,
        // Equal keys are of one month.
        ["do_not_merge_across_partitions_select_final"] = 1,
        ["use_skip_indexes_if_final"] = 1,
    }.ToFrozenDictionary();

    private readonly ClickHouseClient _client;
    private readonly ClickHouseOptions _options;

    public ClickHouseStore(ClickHouseOptions options)
    {
        _options = options;
        _client = new ClickHouseClient(new ClickHouseClientSettings
        {
            Protocol = options.Url.Scheme,
            Host = options.Url.Host,
            Port = checked((ushort)options.Url.Port),
            Path = options.Url.AbsolutePath,
            Username = options.User,
            Password = options.Password,
            Database = options.Database,
            Timeout = options.Timeout,
            // Within a datacenter the processors are scarcer than the network.
            UseCompression = false,
            CustomSettings = new Dictionary<string, object>(_settings) { ["max_execution_time"] = Math.Ceiling(options.Timeout.TotalSeconds) },
        });
        _client.RegisterBinaryInsertType<GpuTimeRow>();
        _client.RegisterBinaryInsertType<AdjustmentRow>();
        _client.RegisterBinaryInsertType<InvoiceRow>();
    }

    public string Database => _options.Database;

    /// <param name="sql">One statement.</param>
    /// <param name="parameters">Those that stand in it as <c>{name:Type}</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task ExecuteAsync(string sql, SqlParameters parameters, CancellationToken cancellationToken) =>
        RunAsync(() => _client.ExecuteNonQueryAsync(sql, parameters.Collection, null, cancellationToken), cancellationToken);

    public Task ExecuteAsync(string sql, CancellationToken cancellationToken) => ExecuteAsync(sql, SqlParameters.None, cancellationToken);

    /// <summary>Before the database is there.</summary>
    public Task ExecuteOutsideAsync(string sql, CancellationToken cancellationToken) =>
        RunAsync(() => _client.ExecuteNonQueryAsync(sql, null, new QueryOptions { Database = "default" }, cancellationToken), cancellationToken);

    /// <summary>An insert or a mutation that is done once under its token.</summary>
    public Task ExecuteOnceAsync(string token, string sql, SqlParameters parameters, CancellationToken cancellationToken) => RunAsync(
        () => _client.ExecuteNonQueryAsync(
            sql, parameters.Collection, new QueryOptions { CustomSettings = new Dictionary<string, object> { ["insert_deduplication_token"] = token } }, cancellationToken),
        cancellationToken);

    /// <summary>All rows, each made by <paramref name="read"/>.</summary>
    public Task<List<T>> ReadAsync<T>(string sql, SqlParameters parameters, Func<ClickHouseDataReader, T> read, CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            using var reader = await _client.ExecuteReaderAsync(sql, parameters.Collection, null, cancellationToken);
            var rows = new List<T>();
            while (reader.Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                rows.Add(read(reader));
            }
            return rows;
        },
        cancellationToken);

    /// <summary>A block in the format <c>Native</c>, kept once under the token.</summary>
    /// <exception cref="InvalidDataException">These rows are refused, whenever they come.</exception>
    public Task InsertOnceAsync(string table, string token, IReadOnlyList<string> columns, Stream block, CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            using var answer = await _client.InsertRawStreamAsync(
                table, block, "Native", columns, useCompression: false,
                new QueryOptions { CustomSettings = new Dictionary<string, object> { ["insert_deduplication_token"] = token } }, cancellationToken);
            return answer.StatusCode;
        },
        cancellationToken, isInsert: true);

    /// <summary>Rows in one block, kept once under the token.</summary>
    public Task InsertOnceAsync<T>(string table, string token, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class => RunAsync(
        () => _client.InsertBinaryAsync(
            table, rows,
            new InsertOptions
            {
                // One call is one block: another one under the same token would be taken for the first one's repetition.
                BatchSize = Math.Max(1, rows.Count),
                Compressor = null,
                CustomSettings = new Dictionary<string, object> { ["insert_deduplication_token"] = token },
            },
            cancellationToken),
        cancellationToken);

    /// <summary>Rows of which no repetition does harm.</summary>
    public Task InsertAsync<T>(string table, IReadOnlyCollection<T> rows, CancellationToken cancellationToken)
        where T : class => RunAsync(
        () => _client.InsertBinaryAsync(table, rows, new InsertOptions { BatchSize = Math.Max(1, rows.Count), Compressor = null }, cancellationToken), cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<T> RunAsync<T>(Func<Task<T>> run, CancellationToken cancellationToken, bool isInsert = false)
    {
        try
        {
            return await run();
        }
        catch (ClickHouseServerException error) when (isInsert && Refusals.IsOfRows(error.ErrorCode))
        {
            throw new InvalidDataException($"ClickHouse at {_options.Url} refuses the rows: {FirstLine(error.Message)}", error);
        }
        catch (ClickHouseServerException error)
        {
            throw new IOException($"ClickHouse at {_options.Url} refused a statement: {FirstLine(error.Message)}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"ClickHouse at {_options.Url} did not answer within {_options.Timeout.TotalSeconds:0.#} s.", error);
        }
        catch (Exception error) when (error is HttpRequestException or SocketException or TimeoutException or IOException)
        {
            throw new IOException($"ClickHouse at {_options.Url} cannot be reached: {error.Message}", error);
        }
    }

    private static string FirstLine(string message) => message.Split('\n', 2)[0];
}

/// <summary>Values of a statement. Names are given out, so that parts of a statement do not meet.</summary>
internal sealed class SqlParameters
{
    public static SqlParameters None => new();

    public ClickHouseParameterCollection Collection { get; } = [];

    /// <summary>Adds a value and returns what stands for it in the statement.</summary>
    /// <param name="type">ClickHouse's name of the type.</param>
    /// <param name="value">A string or a number.</param>
    public string Add(string type, object value)
    {
        var name = $"p{Collection.Count}";
        Collection.AddParameter(name, value);
        return $"{{{name}:{type}}}";
    }

    public string Add(string value) => Add("String", value);

    /// <summary>Numbers stand in the text itself.</summary>
    public static string Of(long number) => number == long.MinValue ? "toInt64('-9223372036854775808')" : $"toInt64({number.ToString(System.Globalization.CultureInfo.InvariantCulture)})";
}
