using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Outbox;

namespace Podvirt.Metering.Tests.Outbox;

public sealed class SqliteUsageOutboxTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly MeteringMetrics _metrics = new();
    private readonly FakeTimeProvider _time = new(Sample.Noon);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _metrics.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task AppendedRecord_ReadsBackAsItWas()
    {
        await using var outbox = Open();
        var plain = Sample.Record(1);
        var unusual = Sample.Record(2) with
        {
            Key = "",
            Replica = "",
            Outcome = UsageOutcome.Failed,
            Status = 503,
            Reason = "no_replica",
            Streamed = false,
            Tokens = new TokenCounts(long.MaxValue, long.MinValue, -1, 0),
            Source = UsageSource.None,
            FirstTokenUs = null,
            ColdStart = false,
        };
        await outbox.AppendAsync(plain, Ended);
        await outbox.AppendAsync(unusual, Ended);

        Assert.Equal([plain, unusual], (await outbox.ReadAsync(10, Ended)).Select(r => r.Record));
        Assert.Equal(2, outbox.Rows);
    }

    [Fact]
    public async Task FileIsLocked_AppendWaitsWithoutItsCaller()
    {
        await using var outbox = Open();
        Task append;
        await using (var other = new SqliteConnection($"Data Source={Path.Combine(_directory.Path, "outbox.db")};Pooling=False"))
        {
            await other.OpenAsync(Ended);
            await using var begin = other.CreateCommand();
            begin.CommandText = "BEGIN IMMEDIATE";
            await begin.ExecuteNonQueryAsync(Ended);

            // A call that waited for the file itself would come back with an outcome.
            append = outbox.AppendAsync(Sample.Record(1), Ended).AsTask();
            Assert.False(append.IsCompleted);
        }
        await append;
        Assert.Equal(1, outbox.Rows);
    }

    [Fact]
    public async Task TimesWithAnOffset_AreKeptAsUtcMicroseconds()
    {
        await using var outbox = Open();
        var started = new DateTimeOffset(2026, 1, 31, 14, 0, 0, TimeSpan.FromHours(2)).AddTicks(19);
        await outbox.AppendAsync(Sample.Record() with { StartedAt = started }, Ended);

        var kept = Assert.Single(await outbox.ReadAsync(10, Ended)).Record.StartedAt;
        Assert.Equal((Sample.Noon.AddTicks(10), TimeSpan.Zero), (kept, kept.Offset));
    }

    [Fact]
    public async Task SameId_IsOneRecordAndTheFirstStands()
    {
        await using var outbox = Open();
        await outbox.AppendAsync(Sample.Record(1), Ended);
        await outbox.AppendAsync(Sample.Record(1) with { Model = "other" }, Ended);

        Assert.Equal("m", Assert.Single(await outbox.ReadAsync(10, Ended)).Record.Model);
        Assert.Equal(1, outbox.Rows);
    }

    [Fact]
    public async Task Records_SurviveClosing()
    {
        await using (var outbox = Open())
        {
            await outbox.AppendAsync(Sample.Record(1), Ended);
        }

        await using var again = Open();
        Assert.Equal(1, again.Rows);
        await again.WaitAsync(Ended);
        Assert.Single(await again.ReadAsync(10, Ended));
    }

    [Fact]
    public async Task CopyTakenWithoutClosing_HoldsEveryAppendThatReturned()
    {
        // What a crash leaves behind: the file and its log as they are at that moment.
        await using var outbox = Open();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => outbox.AppendAsync(Sample.Record(i), Ended).AsTask()));
        using var crashed = new TempDirectory();
        File.Copy(_directory.File("outbox.db"), crashed.File("outbox.db"));
        File.Copy(_directory.File("outbox.db-wal"), crashed.File("outbox.db-wal"));

        await using var copy = Open(crashed);
        Assert.Equal(300, copy.Rows);
    }

    [Fact]
    public async Task AppendsThatWaitTogether_AreOneCommit()
    {
        using var recorder = new MetricRecorder(_metrics);
        using var gate = new SemaphoreSlim(0);
        using var entered = new SemaphoreSlim(0);
        await using var outbox = Open(options: new MeteringOptions { DataDirectory = _directory.Path, GroupCommitMax = 60 }, open: file =>
        {
            entered.Release();
            gate.Wait(Ended);
            return file.OpenWriter();
        });
        var first = outbox.AppendAsync(Sample.Record(0), Ended).AsTask();
        await entered.WaitAsync(Ended);
        var others = Enumerable.Range(1, 100).Select(i => outbox.AppendAsync(Sample.Record(i), Ended).AsTask()).ToList();

        gate.Release();
        await Task.WhenAll([first, .. others]);

        Assert.Equal([1, 60, 40], recorder.Of("podvirt.outbox.commit.rows"));
        Assert.Equal(3, recorder.Of("podvirt.outbox.commits").Sum());
        Assert.Equal(101, recorder.Gauge("podvirt.outbox.depth"));
    }

    [Fact]
    public async Task Continuations_NeverRunOnTheWritersThread()
    {
        await using var outbox = Open();

        // On the pool there is no context that would move the continuation away from the thread that completes the append.
        var thread = await Task.Run(async () =>
        {
            await outbox.AppendAsync(Sample.Record(), Ended);
            return Thread.CurrentThread;
        }, Ended);

        Assert.True(thread.IsThreadPoolThread);
    }

    [Fact]
    public async Task FullDisk_FailsTheAppendAndHealsByAProbe()
    {
        var disk = new SmallDisk();
        await using var outbox = Open(open: disk.Open);
        await outbox.AppendAsync(Sample.Record(1), Ended);
        Assert.True(outbox.IsHealthy);

        disk.Fill();
        var error = await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.AppendAsync(Large(2), Ended));
        Assert.Contains("the disk is full", error.Message, StringComparison.Ordinal);
        Assert.False(outbox.IsHealthy);

        // The probe fails as long as the disk is full, and succeeds once it is not.
        var openedBefore = disk.Opened;
        _time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => disk.Opened > openedBefore);
        Assert.False(outbox.IsHealthy);
        disk.Free();
        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return outbox.IsHealthy;
        });

        await outbox.AppendAsync(Large(3), Ended);
        Assert.Equal([Sample.IdOf(1), Sample.IdOf(3)], (await outbox.ReadAsync(10, Ended)).Select(r => r.Record.Id));
        Assert.Equal(2, outbox.Rows);
    }

    [Fact]
    public async Task FullDisk_HealsByASuccessfulAppendToo()
    {
        var disk = new SmallDisk();
        await using var outbox = Open(open: disk.Open);
        await outbox.AppendAsync(Sample.Record(1), Ended);
        disk.Fill();
        await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.AppendAsync(Large(2), Ended));
        disk.Free();

        await outbox.AppendAsync(Large(2), Ended);

        Assert.True(outbox.IsHealthy);
    }

    [Fact]
    public async Task FileThatCannotBeOpenedAgain_FailsAppends()
    {
        await using var outbox = Open(open: _ => throw new SqliteException("disk I/O error", 10));

        var error = await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.AppendAsync(Sample.Record(), Ended));

        Assert.Contains("outbox.db", error.Message, StringComparison.Ordinal);
        Assert.False(outbox.IsHealthy);
    }

    [Fact]
    public async Task FullQueue_HoldsAppendsBack()
    {
        using var gate = new SemaphoreSlim(0);
        using var entered = new SemaphoreSlim(0);
        await using var outbox = Open(options: new MeteringOptions { DataDirectory = _directory.Path, OutboxCapacity = 1 }, open: file =>
        {
            entered.Release();
            gate.Wait(Ended);
            return file.OpenWriter();
        });
        var running = outbox.AppendAsync(Sample.Record(1), Ended).AsTask();
        await entered.WaitAsync(Ended);
        var queued = outbox.AppendAsync(Sample.Record(2), Ended).AsTask();
        using var cancel = new CancellationTokenSource();
        var cancelled = outbox.AppendAsync(Sample.Record(3), cancel.Token).AsTask();
        var waiting = outbox.AppendAsync(Sample.Record(4), Ended).AsTask();

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(waiting.IsCompleted);
        gate.Release();
        await Task.WhenAll(running, queued, waiting);

        Assert.Equal([Sample.IdOf(1), Sample.IdOf(2), Sample.IdOf(4)], (await outbox.ReadAsync(10, Ended)).Select(r => r.Record.Id));
    }

    [Fact]
    public async Task ClosedOutbox_SaysSo()
    {
        var outbox = Open();
        var pending = Enumerable.Range(0, 50).Select(i => outbox.AppendAsync(Sample.Record(i), Ended).AsTask()).ToList();
        await outbox.DisposeAsync();
        await outbox.DisposeAsync();

        await Task.WhenAll(pending);
        await Assert.ThrowsAsync<UsageOutboxException>(async () => await outbox.AppendAsync(Sample.Record(99), Ended));
    }

    [Fact]
    public async Task RecordThatCannotBeStored_FailsAlone()
    {
        await using var outbox = Open();

        await Assert.ThrowsAsync<ArgumentException>(async () => await outbox.AppendAsync(Sample.Record() with { Model = null! }, Ended));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await outbox.AppendAsync(Sample.Record() with { Outcome = (UsageOutcome)99 }, Ended));
        Assert.True(outbox.IsHealthy);
    }

    [Fact]
    public async Task Removal_TakesRowsUpToTheLastAndKeepsInvalidOnes()
    {
        await using var outbox = Open();
        for (var i = 0; i < 4; i++)
        {
            await outbox.AppendAsync(Sample.Record(i), Ended);
        }
        var rows = await outbox.ReadAsync(3, Ended);

        await outbox.RemoveAsync(rows[^1].Seq, [rows[1].Seq], Ended);

        Assert.Equal(Sample.IdOf(3), Assert.Single(await outbox.ReadAsync(10, Ended)).Record.Id);
        Assert.Equal(1, outbox.Rows);
        Assert.Equal(rows[1].Record, Assert.Single(await outbox.ReadInvalidAsync(10, Ended)).Record);
    }

    private static UsageRecord Large(int n) => Sample.Record(n) with { Reason = new string('x', 100_000) };

    private SqliteUsageOutbox Open(TempDirectory? directory = null, MeteringOptions? options = null, Func<DataFile, SqliteConnection>? open = null) =>
        SqliteUsageOutbox.Open(
            options ?? new MeteringOptions { DataDirectory = (directory ?? _directory).Path },
            _metrics, _time, NullLogger<SqliteUsageOutbox>.Instance, open);
}
