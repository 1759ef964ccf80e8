using System.Collections.Concurrent;
using Podvirt.FunctionalTests.Clients.Checks;

namespace Podvirt.FunctionalTests.Clients;

/// <summary>
/// Runs what the table tells, each cell once, whoever asks first. A cell says what was seen; where something is not as it must be,
/// its check fails instead.
/// </summary>
public sealed class ClientMatrix : IAsyncLifetime
{
    private static readonly TimeSpan s_coldStart = TimeSpan.FromSeconds(70);

    private readonly NodeWorker _node = new();
    private readonly ConcurrentDictionary<(string Surface, string Client, Column Column), Lazy<Task<string>>> _cells = new();
    private Dictionary<Column, Check> _checks = [];
    private MatrixServer? _server;

    internal IReadOnlyList<Row> Rows { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        Rows = Row.Of(ApiClients.All(_node));
        _server = await MatrixServer.StartAsync(s_coldStart);
        var answers = new Answers(_server);
        // Its calls wait while the others run.
        var cold = new ColdStartCheck(_server, Rows, s_coldStart);
        _checks = new Check[]
        {
            new PlainCheck(_server, answers), new StreamingCheck(answers), new CancelCheck(_server), cold, new ErrorCheck(_server, answers, Rows), new UsageCheck(answers),
        }.ToDictionary(c => c.Column);
    }

    internal Task<string> CellAsync(Row row, Column column) => _cells.GetOrAdd(
        (row.Surface.Name, row.Client.Name, column), _ => new(() => _checks[column].SeeAsync(row))).Value;

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
