using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Chats.Sqlite;

/// <summary>One file, one writer thread, two reader threads. Writes that wait together are committed together.</summary>
internal sealed partial class SqliteConversationStore : IConversationStore, IGroupObserver, IDisposable, IAsyncDisposable
{
    public const string FileName = "conversations.db";

    /// <summary>Calls that wait at most; further callers wait for room.</summary>
    private const int QueueCapacity = 1_024;

    private const int GroupMax = 64;

    /// <summary>Twice as often as is promised.</summary>
    public TimeSpan SaveInterval { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A search through long conversations must not hold up an answer's page.</summary>
    private const int Readers = 2;

    private readonly DataFile _file;
    private readonly Worker<WriteJob<ConversationSession>> _writer;
    private readonly ReaderPool _reader;
    private readonly ILogger<SqliteConversationStore> _logger;

    private SqliteConversationStore(DataFile file, TimeProvider time, ILogger<SqliteConversationStore> logger)
    {
        _file = file;
        _logger = logger;
        _writer = new Worker<WriteJob<ConversationSession>>(
            "conversations-writer", QueueCapacity, GroupMax,
            [new GroupWriter<ConversationSession>(file, () => new ConversationSession(file.OpenWriter()), time, this)]);
        _reader = new ReaderPool("conversations-reader", file, Readers, QueueCapacity);
    }

    /// <exception cref="DataFileException">Locked, damaged, unreadable, or of a newer schema.</exception>
    public static SqliteConversationStore Open(string directory, TimeProvider time, ILogger<SqliteConversationStore> logger) =>
        new(DataFile.Open(Path.Combine(directory, FileName), ConversationSession.Migrations, checkContent: false), time, logger);

    public Task<bool> CreateAsync(Conversation conversation, CancellationToken cancellationToken) =>
        WriteAsync(session => session.Create(conversation), StateDurability.Machine, cancellationToken);

    public async Task<ConversationPage> ListAsync(ConversationQuery query, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => ConversationQueries.List(c, query), cancellationToken);

    public async Task<ConversationTree?> FindAsync(string visitor, string id, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => ConversationQueries.Find(c, visitor, id), cancellationToken);

    public Task<bool> ChangeAsync(
        string visitor, string id, string? title, ChatSettings? settings, string? leaf, CancellationToken cancellationToken) =>
        WriteAsync(session => session.Change(visitor, id, title, settings, leaf), StateDurability.Machine, cancellationToken);

    public Task<int> DeleteAsync(string visitor, string? id, CancellationToken cancellationToken) =>
        WriteAsync(session => session.Delete(visitor, id), StateDurability.Machine, cancellationToken);

    public Task<int> ForgetAsync(string visitor, CancellationToken cancellationToken) =>
        WriteAsync(session => session.Forget(visitor), StateDurability.Machine, cancellationToken);

    public async Task<int?> RetentionAsync(string visitor, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => ConversationQueries.Retention(c, visitor), cancellationToken);

    public Task SetRetentionAsync(string visitor, int? days, CancellationToken cancellationToken) =>
        WriteAsync(session => session.SetRetention(visitor, days), StateDurability.Machine, cancellationToken);

    public Task<BeginOutcome> BeginAsync(NewAnswer answer, CancellationToken cancellationToken) =>
        WriteAsync(session => session.Begin(answer), StateDurability.Machine, cancellationToken);

    public Task<SaveOutcome> SaveAsync(AnswerProgress progress, CancellationToken cancellationToken) => WriteAsync(
        session => session.Save(progress) ? SaveOutcome.Saved : SaveOutcome.Gone, progress.Facts.IsRunning ? StateDurability.Process : StateDurability.Machine, cancellationToken);

    public async Task<StoredAnswer?> FindAnswerAsync(string visitor, string id, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => ConversationQueries.FindAnswer(c, visitor, id), cancellationToken);

    public async Task<FramePage?> FramesAsync(string visitor, string id, long after, CancellationToken cancellationToken) =>
        await _reader.RunAsync(c => ConversationQueries.Frames(c, visitor, id, after), cancellationToken);

    public Task<int> InterruptAsync(DateTimeOffset framesUntil, CancellationToken cancellationToken) =>
        WriteAsync(session => session.Interrupt(framesUntil), StateDurability.Machine, cancellationToken);

    public Task<SweepCounts> SweepAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        WriteAsync(session => session.Sweep(now), StateDurability.Machine, cancellationToken);

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

    void IGroupObserver.GroupCommitted(int jobs, TimeSpan duration) => LogCommitted(jobs, duration.TotalMilliseconds);

    void IGroupObserver.GroupFailed(int jobs, Exception error) => LogFailed(error, jobs);

    private async Task<T> WriteAsync<T>(Func<ConversationSession, T> apply, StateDurability durability, CancellationToken cancellationToken)
    {
        var job = new WriteJob<ConversationSession, T>(apply, committed: null, durability);
        await _writer.EnqueueAsync(job, cancellationToken);
        return await job.Completion.WaitAsync(cancellationToken);
    }

    [LoggerMessage(5120, LogLevel.Trace, "{Jobs} writes to conversations in {Milliseconds} ms")]
    private partial void LogCommitted(int jobs, double milliseconds);

    [LoggerMessage(5121, LogLevel.Error, "{Jobs} writes to conversations failed")]
    private partial void LogFailed(Exception error, int jobs);
}
