using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Outbox;

// What the writer's thread does.
internal sealed partial class SqliteUsageOutbox
{
    private static WriteJob<OutboxSession, bool> Job(Action<OutboxSession> apply, Action committed) => new(
        session =>
        {
            apply(session);
            return true;
        },
        _ => committed());

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

    /// <summary>Writes what is held, a group after the other. One is under way at a time.</summary>
    private void SaveHeld()
    {
        if (_unsaved.Count > 0 && Interlocked.Exchange(ref _saving, 1) == 0 && !_writer.TryEnqueue(new HeldJob(this, _groupMax)))
        {
            // No room in the queue: the next commit asks again.
            Volatile.Write(ref _saving, 0);
        }
    }

    private sealed class AppendJob(SqliteUsageOutbox outbox, UsageRecord record, StoredReply? reply) : WriteJob<OutboxSession>
    {
        // Continuations run on the pool: the writer thread only writes.
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _isNew;

        public Task Completion => _completion.Task;

        public override void Apply(OutboxSession session)
        {
            _isNew = session.Append(record);
            if (reply is not null)
            {
                session.Keep(reply, outbox._time.GetUtcNow(), outbox._repliesMax, outbox._replyBytesMax);
            }
            outbox._groupRows++;
        }

        public override void Committed()
        {
            outbox.Appended(_isNew ? 1 : 0);
            _completion.SetResult();
        }

        public override void Failed(Exception error) =>
            _completion.SetException(new UsageOutboxException($"the usage record {record.Id} could not be kept: {error.Message}", error));
    }

    private sealed class CheckpointJob(SqliteUsageOutbox outbox, IReadOnlyList<IRunningUsage> running) : WriteJob<OutboxSession>
    {
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Completion => _completion.Task;

        public override void Apply(OutboxSession session)
        {
            foreach (var usage in running)
            {
                // Here and not before: a record that was appended by now has taken its checkpoint with it.
                if (usage.TakeCheckpoint() is { } record)
                {
                    session.Checkpoint(record);
                }
            }
        }

        public override void Committed()
        {
            outbox.Appended(0);
            _completion.SetResult();
        }

        public override void Failed(Exception error) =>
            _completion.SetException(new UsageOutboxException($"{running.Count} running requests could not be written down: {error.Message}", error));
    }

    private sealed class HeldJob(SqliteUsageOutbox outbox, int limit) : WriteJob<OutboxSession>
    {
        private IReadOnlyList<UsageRecord> _held = [];
        private int _new;

        public override void Apply(OutboxSession session)
        {
            _held = outbox._unsaved.Peek(limit);
            _new = _held.Count(session.Append);
            outbox._groupRows += _held.Count;
        }

        public override void Committed()
        {
            outbox._unsaved.Remove(_held);
            outbox.LogSaved(_held.Count, outbox._unsaved.Count);
            Volatile.Write(ref outbox._saving, 0);
            outbox.Appended(_new);
        }

        // They stay held; the next success asks again.
        public override void Failed(Exception error) => Volatile.Write(ref outbox._saving, 0);
    }
}
