using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Tests;

/// <summary>What one usage record costs in allocated bytes on its way to the ledger.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests(ITestOutputHelper output)
{
    private const int AtATime = 32;
    private const int Groups = 60;

    [Fact]
    public async Task Record_AllocatesLittleUntilItIsOnTheLedger()
    {
        using var directory = new TempDirectory();
        using var metrics = new MeteringMetrics();
        var options = new MeteringOptions { DataDirectory = directory.Path };
        var ended = TestContext.Current.CancellationToken;
        await using var store = SqliteStateStore.Open(Path.Combine(directory.Path, "state.db"), TimeProvider.System);
        await using var outbox = SqliteUsageOutbox.Open(options, metrics, TimeProvider.System, NullLogger<SqliteUsageOutbox>.Instance);
        await using var ledger = SqliteLedger.Open(Path.Combine(directory.Path, "ledger.db"), TimeProvider.System);
        await using var rates = new RateBook(store, TimeProvider.System, NullLogger<RateBook>.Instance);
        await rates.CaughtUpAsync(ended);
        using var pump = new OutboxPump(outbox, ledger, rates, options, metrics, TimeProvider.System, NullLogger<OutboxPump>.Instance);

        var (append, move) = (0L, 0L);
        for (var round = 0; round < 3; round++)
        {
            var records = Enumerable.Range(round * 100_000, Groups * AtATime).Select(n => Sample.Record(n)).ToArray();
            append = await MeasureAsync(() => AppendAsync(outbox, records));
            move = await MeasureAsync(async () =>
            {
                while (await pump.MoveBatchAsync(ended))
                {
                }
            });
        }
        output.WriteLine($"append {append} B, move {move} B a record");
        Assert.True(append + move <= 1536, $"{append} + {move} bytes a record");
    }

    private static async Task AppendAsync(SqliteUsageOutbox outbox, UsageRecord[] records)
    {
        var appends = new Task[AtATime];
        for (var i = 0; i < records.Length; i += AtATime)
        {
            for (var j = 0; j < AtATime; j++)
            {
                appends[j] = outbox.AppendAsync(records[i + j]).AsTask();
            }
            await Task.WhenAll(appends);
        }
    }

    private static async Task<long> MeasureAsync(Func<Task> work)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await work();
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (Groups * AtATime);
    }
}

/// <summary>Tests that count what the whole process does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
