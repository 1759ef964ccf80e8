using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Tests.Streams;

/// <summary>A ledger that knows every id, fed with batches: it needs no token.</summary>
internal sealed class SqliteBatchLedger(SqliteLedger ledger) : IBatchLedger
{
    public ValueTask AppendBatchAsync(string token, IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default) =>
        ledger.AppendAsync(records, cancellationToken);
}
