using Microsoft.Data.Sqlite;

namespace Podvirt.Messaging.Sqlite;

/// <summary>One write. Its methods run on the writer's thread, in the order in which the jobs were queued.</summary>
internal abstract class WriteJob<TSession>
{
    /// <summary>What it has to survive. A group survives what the hardest to please of its jobs asks for.</summary>
    public virtual StateDurability Durability => StateDurability.Machine;

    /// <summary>Within the group's transaction. An exception fails the whole group.</summary>
    public abstract void Apply(TSession session);

    /// <summary>After the group is as durable as it has to be.</summary>
    public abstract void Committed();

    /// <summary>Instead of <see cref="Committed"/>. The write must be taken as not done; after a failed sync it may still turn up.</summary>
    public abstract void Failed(Exception error);
}

/// <summary>A write with an outcome.</summary>
internal sealed class WriteJob<TSession, TResult>(
    Func<TSession, TResult> apply, Action<TResult>? committed = null, StateDurability durability = StateDurability.Machine) : WriteJob<TSession>
{
    private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResult _result = default!;

    public Task<TResult> Completion => _completion.Task;

    public override StateDurability Durability => durability;

    public override void Apply(TSession session) => _result = apply(session);

    public override void Committed()
    {
        committed?.Invoke(_result);
        _completion.SetResult(_result);
    }

    public override void Failed(Exception error) => _completion.SetException(error);
}

/// <summary>Hears of every group.</summary>
internal interface IGroupObserver
{
    void GroupCommitted(int jobs, TimeSpan duration);

    void GroupFailed(int jobs, Exception error);
}

/// <summary>
/// Group commit: whatever waited while the last group was written becomes the next transaction, so one fsync serves all. A
/// group of jobs that need not survive the machine is not synced; the next one that is takes it along, because all groups go
/// through one log.
/// After a failure the connection is opened anew for the next group, because nothing is known of the old one's state.
/// </summary>
internal sealed class GroupWriter<TSession>(DataFile file, Func<TSession> open, TimeProvider time, IGroupObserver observer)
    : IBatchHandler<WriteJob<TSession>>
    where TSession : WriteSession
{
    private TSession? _session;

    public void Run(List<WriteJob<TSession>> batch)
    {
        var started = time.GetTimestamp();
        try
        {
            _session ??= open();
            _session.Begin(batch.TrueForAll(job => job.Durability == StateDurability.Process) ? StateDurability.Process : StateDurability.Machine);
            foreach (var job in batch)
            {
                job.Apply(_session);
            }
            _session.Commit();
        }
        catch (Exception e)
        {
            Fail(batch, file.Explain(e));
            return;
        }
        observer.GroupCommitted(batch.Count, time.GetElapsedTime(started));
        foreach (var job in batch)
        {
            job.Committed();
        }
    }

    public void Dispose() => _session?.Dispose();

    private void Fail(List<WriteJob<TSession>> batch, Exception error)
    {
        _session?.Dispose();
        _session = null;
        observer.GroupFailed(batch.Count, error);
        foreach (var job in batch)
        {
            job.Failed(error);
        }
    }
}
