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
internal sealed partial class SqliteUsageOutbox : IUsageOutbox, IOutboxQueue, IGroupObserver, IDisposable, IAsyncDisposable
{
    /// <summary>Only the pump reads, one batch at a time.</summary>
    private const int ReadsWaitingMax = 16;

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
    private long _rows;
    private volatile bool _healthy = true;

    private SqliteUsageOutbox(
        DataFile file, MeteringOptions options, MeteringMetrics metrics, TimeProvider time, ILogger<SqliteUsageOutbox> log,
        Func<SqliteConnection> open)
    {
        _file = file;
        _metrics = metrics;
        _log = log;
        _probeInterval = options.ProbeInterval;
        using (var connection = file.OpenReader())
        {
            _rows = OutboxSession.Count(connection);
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
    }

    public bool IsHealthy => _healthy;

    public long Rows => Interlocked.Read(ref _rows);

    /// <param name="open">Opens the writer's connection; null for the plain one. Tests hand in one that fails.</param>
    /// <exception cref="DataFileException">Locked, damaged, unreadable, or of a newer schema.</exception>
    public static SqliteUsageOutbox Open(
        MeteringOptions options, MeteringMetrics metrics, TimeProvider time, ILogger<SqliteUsageOutbox> log,
        Func<DataFile, SqliteConnection>? open = null)
    {
        var file = DataFile.Open(Path.Combine(options.DataDirectory, "outbox.db"), OutboxSession.Migrations, checkContent: true);
        return new SqliteUsageOutbox(file, options, metrics, time, log, () => open is null ? file.OpenWriter() : open(file));
    }

    /// <summary>Cancelling gives up while the queue is full; a record that is queued will be written, so its outcome is awaited.</summary>
    public async ValueTask AppendAsync(UsageRecord record, CancellationToken cancellationToken = default)
    {
        Check(record);
        var job = new AppendJob(this, record);
        try
        {
            await _writer.EnqueueAsync(job, cancellationToken);
        }
        catch (ObjectDisposedException e)
        {
            throw new UsageOutboxException("the usage outbox is closed", e);
        }
        await job.Completion;
    }

    public async ValueTask WaitAsync(CancellationToken cancellationToken) => await _arrivals.Reader.ReadAsync(cancellationToken);

    public async ValueTask<IReadOnlyList<OutboxRow>> ReadAsync(int limit, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => OutboxSession.Read(c, limit), cancellationToken);

    public async ValueTask<IReadOnlyList<OutboxRow>> ReadBehindAsync(long seq, int limit, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => OutboxSession.ReadBehind(c, seq, limit), cancellationToken);

    /// <summary>The latest records with impossible counts, as they came.</summary>
    public async ValueTask<IReadOnlyList<OutboxRow>> ReadInvalidAsync(int limit, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => OutboxSession.ReadInvalid(c, limit), cancellationToken);

    public async ValueTask RemoveAsync(long last, IReadOnlyList<long> invalid, CancellationToken cancellationToken)
    {
        var job = new WriteJob<OutboxSession, int>(
            session => session.Remove(last, invalid),
            removed => Interlocked.Add(ref _rows, -removed));
        await _writer.EnqueueAsync(job, cancellationToken);
        await job.Completion.WaitAsync(cancellationToken);
    }

    /// <summary>Writes what is queued, then closes.</summary>
    public void Dispose()
    {
        _probeTimer.Dispose();
        _reader.Dispose();
        _writer.Dispose();
        _file.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _probeTimer.DisposeAsync();
        await _reader.DisposeAsync();
        await _writer.DisposeAsync();
        _file.Dispose();
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
        if (_healthy)
        {
            _healthy = false;
            LogUnhealthy(_file.Path, error);
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

    private void Appended(bool isNew)
    {
        Recovered();
        if (isNew)
        {
            Interlocked.Increment(ref _rows);
            _arrivals.Writer.TryWrite(true);
        }
    }

    private void Recovered()
    {
        if (!_healthy)
        {
            _healthy = true;
            LogHealthy(_file.Path);
        }
    }

    private void Probe()
    {
        if (_healthy)
        {
            return;
        }
        // Cleared by a later transaction: within one, SQLite would not write the filling at all. Where the queue has no room
        // for a probe, the appends in it are probes enough.
        var clear = Job(session => session.ClearProbe(), () => { });
        _writer.TryEnqueue(Job(
            session => session.Probe(),
            () =>
            {
                Recovered();
                _writer.TryEnqueue(clear);
            }));
    }

    private static WriteJob<OutboxSession, bool> Job(Action<OutboxSession> apply, Action committed) => new(
        session =>
        {
            apply(session);
            return true;
        },
        _ => committed());

    [LoggerMessage(EventId = 4001, Level = LogLevel.Error, Message = "Usage records cannot be kept in {Path}: requests are refused until they can")]
    private partial void LogUnhealthy(string path, Exception error);

    [LoggerMessage(EventId = 4002, Level = LogLevel.Information, Message = "Usage records can be kept again in {Path}")]
    private partial void LogHealthy(string path);

    private sealed class AppendJob(SqliteUsageOutbox outbox, UsageRecord record) : WriteJob<OutboxSession>
    {
        // Continuations run on the pool: the writer thread only writes.
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _isNew;

        public Task Completion => _completion.Task;

        public override void Apply(OutboxSession session)
        {
            _isNew = session.Append(record);
            outbox._groupRows++;
        }

        public override void Committed()
        {
            outbox.Appended(_isNew);
            _completion.SetResult();
        }

        public override void Failed(Exception error) =>
            _completion.SetException(new UsageOutboxException($"the usage record {record.Id} could not be kept: {error.Message}", error));
    }
}
