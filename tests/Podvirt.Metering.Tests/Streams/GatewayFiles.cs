using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Outbox;

namespace Podvirt.Metering.Tests.Streams;

/// <summary>A gateway's outbox, and a ledger for what leaves it over a stream.</summary>
internal sealed class GatewayFiles : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();

    public GatewayFiles()
    {
        Options = new MeteringOptions { DataDirectory = _directory.Path, LedgerBatchMax = 10 };
        Outbox = SqliteUsageOutbox.Open(Options, Metrics, TimeProvider.System, NullLogger<SqliteUsageOutbox>.Instance);
        Ledger = SqliteLedger.Open(_directory.File("ledger.db"), TimeProvider.System);
    }

    public MeteringOptions Options { get; }

    public MeteringMetrics Metrics { get; } = new();

    public SqliteUsageOutbox Outbox { get; }

    public SqliteLedger Ledger { get; }

    public async ValueTask DisposeAsync()
    {
        await Ledger.DisposeAsync();
        await Outbox.DisposeAsync();
        Metrics.Dispose();
        _directory.Dispose();
    }
}
