using Microsoft.Data.Sqlite;
using Podvirt.Core.Projects;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>The ledger of a single process: one file, one writer thread, readers of their own.</summary>
internal sealed class SqliteLedger : ILedger, IMinuteRollups, IGroupObserver, IDisposable, IAsyncDisposable
{
    private const int ListLimitMax = 10_000;

    /// <summary>Only the pump writes, one batch at a time.</summary>
    private const int WritesWaitingMax = 16;

    /// <summary>Queries that wait at most; further callers wait for room.</summary>
    private const int ReadsWaitingMax = 256;

    /// <summary>Two: a long sum must not hold up a look at one record.</summary>
    private const int Readers = 2;

    private readonly DataFile _file;
    private readonly Worker<WriteJob<LedgerSession>> _writer;
    private readonly ReaderPool _reader;

    private SqliteLedger(DataFile file, TimeProvider time)
    {
        _file = file;
        _writer = new Worker<WriteJob<LedgerSession>>(
            "ledger-writer", WritesWaitingMax, batchMax: 1,
            [new GroupWriter<LedgerSession>(file, () => new LedgerSession(file.OpenWriter()), time, this)]);
        _reader = new ReaderPool("ledger-reader", file, Readers, ReadsWaitingMax);
    }

    /// <exception cref="DataFileException">Locked, damaged, unreadable, or of a newer schema.</exception>
    public static SqliteLedger Open(string path, TimeProvider time) =>
        // The file grows for ever: reading all of it for damage would delay every start.
        new(DataFile.Open(path, LedgerSchema.Migrations, checkContent: false), time);

    public async ValueTask AppendAsync(IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        await RunAsync(session => session.Append(records), cancellationToken);
    }

    public ValueTask<RatedRecord?> FindAsync(Guid id, CancellationToken cancellationToken = default) =>
        _reader.RunAsync(c => LedgerQueries.Find(c, id), cancellationToken);

    public async ValueTask<IReadOnlyList<RatedRecord>> ListAsync(UsageQuery query, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ListLimitMax);
        return await _reader.RunAsync(c => LedgerQueries.List(c, query, limit), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, UsageGroup group, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await _reader.RunAsync(c => LedgerQueries.Sum(c, query, group), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Consumed>> ConsumedAsync(UtcMonth month, CancellationToken cancellationToken = default) =>
        await _reader.RunAsync(c => MonthConsumption.Read(c, month), cancellationToken);

    public async ValueTask<IReadOnlyDictionary<string, long>> RequestTotalsAsync(CancellationToken cancellationToken = default) =>
        await _reader.RunAsync(LedgerQueries.RequestTotals, cancellationToken);

    public async ValueTask<int> RemoveMinutesBeforeAsync(DateTimeOffset moment, CancellationToken cancellationToken = default)
    {
        var firstKept = Micros.FloorTo(Micros.Of(moment), Micros.Minute);
        return await RunAsync(session => session.RemoveMinutes(firstKept), cancellationToken);
    }

    /// <summary>One line for each rollup row that disagrees with the raw rows; minutes are compared from <paramref name="minutesFrom"/> on.</summary>
    public async ValueTask<IReadOnlyList<string>> ReconcileAsync(DateTimeOffset minutesFrom, CancellationToken cancellationToken = default)
    {
        var firstKept = Micros.FloorTo(Micros.Of(minutesFrom), Micros.Minute);
        return await _reader.RunAsync(c => LedgerReconciliation.Differences(c, firstKept), cancellationToken);
    }

    /// <summary>For rooms beside this one that keep theirs in the same file.</summary>
    internal ValueTask<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken cancellationToken) => _reader.RunAsync(read, cancellationToken);

    /// <summary>As <see cref="ReadAsync"/>, within a transaction of the one writer.</summary>
    internal async ValueTask<T> WriteAsync<T>(Func<SqliteConnection, T> write, CancellationToken cancellationToken)
    {
        var job = new WriteJob<LedgerSession, T>(session => write(session.Database));
        await _writer.EnqueueAsync(job, cancellationToken);
        return await job.Completion.WaitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
        _file.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        await _writer.DisposeAsync();
        _file.Dispose();
    }

    void IGroupObserver.GroupCommitted(int jobs, TimeSpan duration)
    {
        // The pump counts what it moved.
    }

    void IGroupObserver.GroupFailed(int jobs, Exception error)
    {
        // The caller gets the error; the pump logs and counts it.
    }

    private async Task<int> RunAsync(Func<LedgerSession, int> write, CancellationToken cancellationToken)
    {
        var job = new WriteJob<LedgerSession, int>(write);
        await _writer.EnqueueAsync(job, cancellationToken);
        return await job.Completion.WaitAsync(cancellationToken);
    }
}
