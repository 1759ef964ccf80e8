using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Podvirt.Core.Projects;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;
using SQLitePCL;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>
/// The ledger of a single process: one file, one writer thread, and readers of their own. What goes through raw rows by the
/// million has other readers than dashboards and single records, and nothing keeps a moment of the file open between two parts.
/// </summary>
internal sealed partial class SqliteLedger : ILedger, IMinuteRollups, IGroupObserver, IDisposable, IAsyncDisposable
{
    private const int ListLimitMax = 10_000;

    /// <summary>Records in one part of a long read: some hundred KiB.</summary>
    private const int PartMax = 1_000;

    /// <summary>Only the pump writes, one batch at a time.</summary>
    private const int WritesWaitingMax = 16;

    /// <summary>Queries that wait at most; further callers wait for room.</summary>
    private const int ReadsWaitingMax = 256;

    /// <summary>Two of each kind: a slow one must not hold up all others.</summary>
    private const int Readers = 2;

    /// <summary>As long as a dashboard looks back by the minute.</summary>
    private static readonly TimeSpan _minutesRebuilt = TimeSpan.FromHours(48);

    private readonly DataFile _file;
    private readonly Worker<WriteJob<LedgerSession>> _writer;
    private readonly ReaderPool _reader;
    private readonly ReaderPool _scanner;

    private SqliteLedger(DataFile file, TimeProvider time)
    {
        _file = file;
        _writer = new Worker<WriteJob<LedgerSession>>(
            "ledger-writer", WritesWaitingMax, batchMax: 1,
            [new GroupWriter<LedgerSession>(file, () => new LedgerSession(file.OpenWriter()), time, this)]);
        _reader = new ReaderPool("ledger-reader", file, Readers, ReadsWaitingMax);
        _scanner = new ReaderPool("ledger-scanner", file, Readers, ReadsWaitingMax);
    }

    /// <exception cref="DataFileException">Locked, damaged, unreadable, or of a newer schema.</exception>
    public static SqliteLedger Open(string path, TimeProvider time)
    {
        // The file grows for ever: reading all of it for damage would delay every start.
        var file = DataFile.Open(path, LedgerSchema.Migrations, checkContent: false);
        try
        {
            RollupRebuild.RunWhereNeeded(file, time.GetUtcNow() - _minutesRebuilt);
            return new SqliteLedger(file, time);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public async ValueTask AppendAsync(IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        await RunAsync(session => session.Append(records), cancellationToken);
    }

    public ValueTask<RatedRecord?> FindAsync(Guid id, CancellationToken cancellationToken = default) =>
        _reader.RunAsync(c => LedgerQueries.Find(c, id), cancellationToken);

    public async ValueTask<IReadOnlySet<Guid>> KnownAsync(IReadOnlyList<RecordPlace> places, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(places);
        return await _reader.RunAsync(c => LedgerQueries.Known(c, places), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<RatedRecord>> ListAsync(UsageQuery query, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ListLimitMax);
        return await RunAsync(_scanner, c => LedgerQueries.List(c, query, limit), cancellationToken);
    }

    public async IAsyncEnumerable<IReadOnlyList<RatedRecord>> ReadAsync(
        UsageQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        RecordPlace? behind = null;
        while (true)
        {
            var place = behind;
            var part = await RunAsync(_scanner, c => LedgerQueries.ReadPart(c, query, place, PartMax), cancellationToken);
            if (part.Count > 0)
            {
                yield return part;
                behind = RecordPlace.Of(part[^1].Record);
            }
            if (part.Count < PartMax)
            {
                yield break;
            }
        }
    }

    public async ValueTask<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, UsageGroup group, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await RunAsync(LedgerSums.IsQuick(query, group) ? _reader : _scanner, c => LedgerSums.Sum(c, query, group), cancellationToken);
    }

    public async ValueTask<FiguresReport> FiguresAsync(FiguresQuery query, FiguresGroup group, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await RunAsync(_reader, c => FiguresQueries.Figures(c, query, group), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<FiguresPoint>> SeriesAsync(
        FiguresQuery query, FiguresStep step, FiguresGroup group, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await RunAsync(_reader, c => FiguresQueries.Series(c, query, step, group), cancellationToken);
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

    public async IAsyncEnumerable<ReconcileStep> ReconcileAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var lengthUs in (long[])[Micros.Hour, Micros.Minute])
        {
            var fromUs = long.MinValue;
            while (true)
            {
                var start = fromUs;
                var part = await RunAsync(_scanner, c => LedgerReconciliation.CompareNext(c, lengthUs, start), cancellationToken);
                if (part is null)
                {
                    break;
                }
                fromUs = part.StartUs + lengthUs;
                var at = Micros.ToTime(part.StartUs).ToString(lengthUs == Micros.Hour ? "yyyy-MM-dd HH'h'" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
                // By the hour all of them are there; the minutes' were among them.
                yield return new ReconcileStep(at, lengthUs == Micros.Hour ? part.Records : 0, part.Differences);
            }
        }
        yield return new ReconcileStep("totals", 0, await RunAsync(_scanner, LedgerReconciliation.CompareTotals, cancellationToken));
        yield return new ReconcileStep("consumption", 0, await RunAsync(_scanner, c => MonthConsumption.Differences(c).ToList(), cancellationToken));
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
        _scanner.Dispose();
        _writer.Dispose();
        _file.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        await _scanner.DisposeAsync();
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

    /// <summary>A read that ends soon after its caller has gone: SQLite looks every few instructions whether it was interrupted.</summary>
    private static ValueTask<T> RunAsync<T>(ReaderPool readers, Func<SqliteConnection, T> read, CancellationToken cancellationToken) =>
        readers.RunAsync(
            connection =>
            {
                // Disposal waits for an interruption that is under way: it never meets the next read.
                using var cancelled = cancellationToken.Register(() => raw.sqlite3_interrupt(connection.Handle!));
                try
                {
                    return read(connection);
                }
                catch (SqliteException) when (cancellationToken.IsCancellationRequested)
                {
                    throw new OperationCanceledException(cancellationToken);
                }
            },
            cancellationToken);

    private async Task<int> RunAsync(Func<LedgerSession, int> write, CancellationToken cancellationToken)
    {
        var job = new WriteJob<LedgerSession, int>(write);
        await _writer.EnqueueAsync(job, cancellationToken);
        return await job.Completion.WaitAsync(cancellationToken);
    }
}
