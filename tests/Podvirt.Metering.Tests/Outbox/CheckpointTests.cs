using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Tests.Ledger;

namespace Podvirt.Metering.Tests.Outbox;

public sealed class CheckpointTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly MeteringMetrics _metrics = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _metrics.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task KilledProcess_LeavesItsNewestCheckpointsAsRecords()
    {
        using var crashed = new TempDirectory();
        await using (var outbox = Open(_directory))
        {
            await outbox.AppendAsync(Sample.Record(1), Ended);
            await outbox.CheckpointAsync([new Running(Sample.Record(2)), new Running(Sample.Record(3))], Ended);
            await outbox.CheckpointAsync([new Running(Sample.Record(3) with { Tokens = new TokenCounts(103, 0, 90, 0) })], Ended);
            Copy(crashed);
        }

        using var recorder = new MetricRecorder(_metrics);
        await using (var again = Open(crashed))
        {
            var records = (await again.ReadAsync(10, Ended)).Select(r => r.Record).ToList();
            Assert.Equal([Sample.Record(1), Sample.Record(2), Sample.Record(3) with { Tokens = new TokenCounts(103, 0, 90, 0) }], records);
            Assert.Equal(3, again.Rows);
            await again.WaitAsync(Ended);
        }
        Assert.Equal(2d, recorder.Of("podvirt.usage.recovered").Sum());

        // Once: a further start finds no checkpoint, and the same records.
        await using var third = Open(crashed);
        Assert.Equal(3, third.Rows);
        Assert.Equal(0, Checkpoints(crashed));
    }

    [Fact]
    public async Task Record_TakesItsCheckpointWithItInTheSameCommit()
    {
        await using var outbox = Open(_directory);
        await outbox.CheckpointAsync([new Running(Sample.Record(1)), new Running(Sample.Record(2))], Ended);
        Assert.Equal(2, Checkpoints(_directory));

        await outbox.AppendAsync(Sample.Record(1), Ended);

        Assert.Equal(1, Checkpoints(_directory));
        Assert.Equal(1, outbox.Rows);
    }

    [Fact]
    public async Task RequestWhoseRecordIsOnItsWay_LeavesNoCheckpoint()
    {
        await using var outbox = Open(_directory);
        var running = new Running(Sample.Record(1));
        await outbox.CheckpointAsync([running], Ended);
        running.Record = null;
        var append = outbox.AppendAsync(Sample.Record(1), Ended).AsTask();
        await outbox.CheckpointAsync([running, new Running(Sample.Record(2))], Ended);
        await append;

        Assert.Equal(1, Checkpoints(_directory));
    }

    [Fact]
    public async Task SameCheckpointRecoveredAndMovedTwice_IsOnTheLedgerOnce()
    {
        // A kill between the ledger's commit and the outbox's removal, and an old copy of the outbox on top.
        using var first = new TempDirectory();
        using var second = new TempDirectory();
        await using (var outbox = Open(_directory))
        {
            await outbox.CheckpointAsync([new Running(Sample.Record(1))], Ended);
            Copy(first);
            Copy(second);
        }
        await using var ledger = SqliteLedger.Open(_directory.File("ledger.db"), TimeProvider.System);
        foreach (var directory in (TempDirectory[])[first, second])
        {
            await using var again = Open(directory);
            await ledger.AppendAsync([.. (await again.ReadAsync(10, Ended)).Select(r => new Podvirt.Metering.Ledger.RatedRecord(r.Record, 0, Cost.Zero))], Ended);
        }

        Assert.Equal(1, (await ledger.RequestTotalsAsync(Ended)).Values.Sum());
        Assert.Empty(await ledger.DifferencesAsync(Ended));
    }

    [Fact]
    public async Task FailedCheckpoint_IsToldAndLeavesTheOlderOne()
    {
        var disk = new SmallDisk();
        await using var outbox = SqliteUsageOutbox.Open(
            new MeteringOptions { DataDirectory = _directory.Path }, _metrics, TimeProvider.System, NullLogger<SqliteUsageOutbox>.Instance, disk.Open);
        await outbox.CheckpointAsync([new Running(Sample.Record(1))], Ended);
        disk.Fill();
        var large = Enumerable.Range(2, 200).Select(n => new Running(Sample.Record(n) with { Reason = new string('x', 1000) })).ToList();
        await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.CheckpointAsync(large, Ended));
        disk.Free();

        Assert.Equal(1, Checkpoints(_directory));
    }

    private SqliteUsageOutbox Open(TempDirectory directory) => SqliteUsageOutbox.Open(
        new MeteringOptions { DataDirectory = directory.Path }, _metrics, TimeProvider.System, NullLogger<SqliteUsageOutbox>.Instance);

    // What a kill leaves behind: the file and its log as they are at that moment.
    private void Copy(TempDirectory to)
    {
        File.Copy(_directory.File("outbox.db"), to.File("outbox.db"));
        File.Copy(_directory.File("outbox.db-wal"), to.File("outbox.db-wal"));
    }

    private static long Checkpoints(TempDirectory directory)
    {
        using var connection = new SqliteConnection($"Data Source={directory.File("outbox.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM checkpoint";
        return (long)command.ExecuteScalar()!;
    }

    private sealed class Running(UsageRecord record) : IRunningUsage
    {
        public UsageRecord? Record { get; set; } = record;

        public UsageRecord? TakeCheckpoint() => Record;
    }
}
