using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Outbox;

/// <summary>
/// The outbox of one process: a file, one writer thread, group commit with a sync. Appends that come while a group is
/// being synced form the next one.
/// </summary>
internal sealed partial class SqliteUsageOutbox : IUsageOutbox, IReplyStore, IOutboxQueue, IGroupObserver, IDisposable, IAsyncDisposable
{
    /// <summary>The pump reads one batch at a time, and every call with an idempotency key looks for its reply.</summary>
    private const int ReadsWaitingMax = 1024;

    private readonly DataFile _file;
    private readonly Worker<WriteJob<OutboxSession>> _writer;
    private readonly ReaderPool _reader;
    private readonly MeteringMetrics _metrics;
    private readonly ILogger<SqliteUsageOutbox> _log;
    private readonly ITimer _probeTimer;
    private readonly TimeSpan _probeInterval;
    private readonly Channel<bool> _arrivals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Records in the group that is being written. The writer's thread only.</summary>
    private int _groupRows;
    private readonly UnsavedRecords _unsaved;
    private readonly bool _serveUnsaved;
    private readonly int _groupMax;
    private readonly TimeProvider _time;
    private readonly int _repliesMax;
    private readonly long _replyBytesMax;
    private long _rows;
    private int _saving;
    private volatile bool _healthy = true;
    private volatile bool _damaged;

    private SqliteUsageOutbox(
        DataFile file, MeteringOptions options, MeteringMetrics metrics, TimeProvider time, ILogger<SqliteUsageOutbox> log,
        Func<SqliteConnection> open)
    {
        _file = file;
        _metrics = metrics;
        _log = log;
        _probeInterval = options.ProbeInterval;
        _unsaved = new UnsavedRecords(options.UnsavedRecordsMax, options.UnsavedBytesMax);
        _serveUnsaved = options.ServeUnsaved;
        _groupMax = options.GroupCommitMax;
        _time = time;
        _repliesMax = options.RepliesMax;
        _replyBytesMax = options.ReplyBytesMax;
        using (var connection = file.OpenReader())
        {
            _rows = OutboxSession.Count(connection);
            Id = OutboxSession.Identity(connection);
        }
        if (_rows > 0)
        {
            _arrivals.Writer.TryWrite(true);
        }
        _probeTimer = time.CreateTimer(_ => Probe(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _writer = new Worker<WriteJob<OutboxSession>>(
            "outbox-writer", options.OutboxCapacity, options.GroupCommitMax,
            [new GroupWriter<OutboxSession>(file, () => new OutboxSession(open()), time, this)]);
        _reader = new ReaderPool("outbox-reader", file, threads: 1, ReadsWaitingMax);
        metrics.ObserveOutbox(() => Rows + _writer.Pending);
        metrics.ObserveUnsaved(() => _unsaved.Count, () => _unsaved.Bytes, () => _unsaved.Lost);
    }

    /// <summary>A damaged file is none that takes records again: what would be held for it could never be saved.</summary>
    public bool IsHealthy => !_damaged && (_healthy || (_serveUnsaved && _unsaved.HasRoom));

    public Guid Id { get; }

    public long Rows => Interlocked.Read(ref _rows);

    /// <summary>
    /// Opens the file. Checkpoints that are in it belong to requests of a process that was killed: they become records, in
    /// one commit with their own removal, so that a kill in the middle leaves them for the next start.
    /// </summary>
    /// <param name="open">Opens the writer's connection; null for the plain one. Tests hand in one that fails.</param>
    /// <exception cref="DataFileException">Locked, damaged, unreadable, or of a newer schema.</exception>
    public static SqliteUsageOutbox Open(
        MeteringOptions options, MeteringMetrics metrics, TimeProvider time, ILogger<SqliteUsageOutbox> log,
        Func<DataFile, SqliteConnection>? open = null)
    {
        var file = DataFile.Open(Path.Combine(options.DataDirectory, "outbox.db"), OutboxSession.Migrations, checkContent: true);
        try
        {
            using var connection = file.OpenWriter();
            var recovered = OutboxSession.Recover(connection);
            metrics.Recovered(recovered);
            if (recovered > 0)
            {
                LogRecovered(log, recovered);
            }
        }
        catch (SqliteException e)
        {
            file.Dispose();
            throw DataFileException.From(file.Path, e);
        }
        return new SqliteUsageOutbox(file, options, metrics, time, log, () => open is null ? file.OpenWriter() : open(file));
    }

    /// <summary>Cancelling gives up while the queue is full; a record that is queued will be written, so its outcome is awaited.</summary>
    public ValueTask AppendAsync(UsageRecord record, CancellationToken cancellationToken = default) => AppendAsync(record, reply: null, cancellationToken);

    ValueTask IUsageOutbox.AppendAsync(UsageRecord record, StoredReply reply, CancellationToken cancellationToken) =>
        AppendAsync(record, reply, cancellationToken);

    public async ValueTask AppendAsync(UsageRecord record, StoredReply? reply, CancellationToken cancellationToken)
    {
        Check(record);

        // While the disk takes nothing, no end of an answer waits for it to say so once more.
        if (!_healthy && TryServeUnsaved(record))
        {
            _metrics.ServedUnsaved();
            return;
        }
        var job = new AppendJob(this, record, reply);
        await EnqueueAsync(job, cancellationToken);
        try
        {
            await job.Completion;
        }
        catch (UsageOutboxException) when (TryServeUnsaved(record))
        {
            // It is held, within the bound. The failure itself has been logged and counted with its group.
            _metrics.ServedUnsaved();
        }
    }

    public async ValueTask CheckpointAsync(IReadOnlyList<IRunningUsage> running, CancellationToken cancellationToken = default)
    {
        var job = new CheckpointJob(this, running);
        await EnqueueAsync(job, cancellationToken);
        await job.Completion;
    }

    public bool TryHold(UsageRecord record)
    {
        if (_unsaved.TryHold(record))
        {
            if (_healthy)
            {
                SaveHeld();
            }
            return true;
        }
        _unsaved.Lose();
        LogLost(record.Id, record.Model, _unsaved.Count, _unsaved.Bytes);
        return false;
    }

    public async ValueTask<StoredReply?> FindAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default)
    {
        var now = _time.GetUtcNow();
        return await _reader.RunAsync(c => ReplyTable.Find(c, key, now), cancellationToken);
    }

    public async ValueTask WaitAsync(CancellationToken cancellationToken) => await _arrivals.Reader.ReadAsync(cancellationToken);

    public async ValueTask<IReadOnlyList<OutboxRow>> ReadAsync(int limit, CancellationToken cancellationToken)
    {
        try
        {
            return await _reader.RunAsync(c => OutboxSession.Read(c, limit), cancellationToken);
        }
        catch (DataFileException e)
        {
            // The writer works on pages that it remembers: it may be the last to notice.
            NoteDamage(e);
            throw;
        }
    }

    public async ValueTask<IReadOnlyList<OutboxRow>> ReadBehindAsync(long seq, int limit, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => OutboxSession.ReadBehind(c, seq, limit), cancellationToken);

    /// <summary>The latest records with impossible counts, as they came.</summary>
    public async ValueTask<IReadOnlyList<OutboxRow>> ReadInvalidAsync(int limit, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => OutboxSession.ReadInvalid(c, limit), cancellationToken);

    /// <summary>How many of them are kept, and the latest, newest first.</summary>
    public async ValueTask<(long Total, List<OutboxRow> Latest)> ReadLatestInvalidAsync(int limit, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => OutboxSession.ReadLatestInvalid(c, limit), cancellationToken);

    public async ValueTask RemoveAsync(long last, IReadOnlyList<long> invalid, CancellationToken cancellationToken)
    {
        var job = new WriteJob<OutboxSession, int>(
            session => session.Remove(last, invalid),
            removed => Interlocked.Add(ref _rows, -removed));
        await _writer.EnqueueAsync(job, cancellationToken);
        await job.Completion.WaitAsync(cancellationToken);
    }

    /// <summary>Writes what is queued and what is held, then closes.</summary>
    public void Dispose()
    {
        _probeTimer.Dispose();
        _reader.Dispose();
        SaveAllHeld();
        _writer.Dispose();
        _file.Dispose();
        SayWhatIsLost();
    }

    public async ValueTask DisposeAsync()
    {
        await _probeTimer.DisposeAsync();
        await _reader.DisposeAsync();
        SaveAllHeld();
        await _writer.DisposeAsync();
        _file.Dispose();
        SayWhatIsLost();
    }

    void IGroupObserver.GroupCommitted(int jobs, TimeSpan duration)
    {
        _metrics.Committed(_groupRows, duration);
        _groupRows = 0;
    }

    void IGroupObserver.GroupFailed(int jobs, Exception error)
    {
        _metrics.CommitFailed();
        _groupRows = 0;
        NoteDamage(error);
        if (_healthy)
        {
            _healthy = false;
            LogUnhealthy(_file.Path, _serveUnsaved, error);
        }
        _probeTimer.Change(_probeInterval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A record that cannot be stored must fail alone and here, not the group that it would travel in.</summary>
    private static void Check(UsageRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record is { Project: null } or { Key: null } or { Model: null } or { Replica: null } or { Surface: null } or { Reason: null })
        {
            throw new ArgumentException("a usage record's texts may be empty, but not null", nameof(record));
        }
        _ = UsageNames.Of(record.Outcome);
        _ = UsageNames.Of(record.Source);
    }

    private async ValueTask EnqueueAsync(WriteJob<OutboxSession> job, CancellationToken cancellationToken)
    {
        try
        {
            await _writer.EnqueueAsync(job, cancellationToken);
        }
        catch (ObjectDisposedException e)
        {
            throw new UsageOutboxException("the usage outbox is closed", e);
        }
    }

    private bool TryServeUnsaved(UsageRecord record) => _serveUnsaved && _unsaved.TryHold(record);

    private void SaveAllHeld()
    {
        if (_unsaved.Count > 0)
        {
            _writer.TryEnqueue(new HeldJob(this, int.MaxValue));
        }
    }

    private void SayWhatIsLost()
    {
        if (_unsaved.Abandon() is > 0 and var count)
        {
            LogAbandoned(count, _file.Path);
        }
    }

    private void NoteDamage(Exception error)
    {
        if (error is DataFileException { IsDamage: true } && !_damaged)
        {
            _damaged = true;
            _healthy = false;
            LogDamaged(_file.Path, error);
        }
    }

    private void Appended(int rows)
    {
        Recovered();
        if (rows > 0)
        {
            Interlocked.Add(ref _rows, rows);
            _arrivals.Writer.TryWrite(true);
        }
    }

    private void Recovered()
    {
        if (!_healthy && !_damaged)
        {
            _healthy = true;
            LogHealthy(_file.Path);
        }
        SaveHeld();
    }

    [LoggerMessage(EventId = 4001, Level = LogLevel.Error, Message = "Usage records cannot be kept in {Path}. Until they can, requests are refused, or under serve_unsaved served on memory alone ({ServeUnsaved})")]
    private partial void LogUnhealthy(string path, bool serveUnsaved, Exception error);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Information, Message = "Usage records can be kept again in {Path}")]
    private partial void LogHealthy(string path);

    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "{Count} requests had no record when the process before this one was killed: they are recorded as far as their checkpoints say")]
    private static partial void LogRecovered(ILogger log, int count);

    [LoggerMessage(EventId = 4004, Level = LogLevel.Error, Message = "The usage of request {Id} of {Model} is LOST: {Held} records of {Bytes} bytes are held in memory, which is as much as may be")]
    private partial void LogLost(Guid id, string model, int held, long bytes);

    [LoggerMessage(EventId = 4005, Level = LogLevel.Warning, Message = "{Count} usage records that were held in memory are on disk; {Left} are left")]
    private partial void LogSaved(int count, int left);

    [LoggerMessage(EventId = 4006, Level = LogLevel.Error, Message = "{Count} usage records that were held in memory are LOST: at the end {Path} still took none")]
    private partial void LogAbandoned(int count, string path);

    [LoggerMessage(EventId = 4007, Level = LogLevel.Error, Message = "{Path} is damaged: requests are refused until the server is started again on a sound one")]
    private partial void LogDamaged(string path, Exception error);
}
