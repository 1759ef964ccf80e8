using System.Runtime.CompilerServices;

namespace Podvirt.Messaging.Sqlite;

/// <summary>
/// The state store of a single process: one file, one writer thread, one reader thread. Writes that wait together are
/// committed together, each with its own compare-and-set outcome, and synced if one of them has to survive the machine. Cancelling a call that is queued stops the waiting, not
/// the write.
/// </summary>
internal sealed class SqliteStateStore : IStateStore, IGroupObserver, IDisposable, IAsyncDisposable
{
    /// <summary>Writes or reads that wait at most; further callers wait for room. Far above what one process's rooms send at once.</summary>
    private const int QueueCapacity = 4_096;

    /// <summary>Writes in one transaction at most: with values of a megabyte a group stays within a few hundred of them.</summary>
    private const int GroupMax = 256;

    /// <summary>Changed keys a slow watch holds before it falls back to a fresh listing.</summary>
    private const int WatchPendingMax = 1_024;

    private readonly DataFile _file;
    private readonly Worker<WriteJob<StateSession>> _writer;
    private readonly ReaderPool _reader;
    private readonly int _watchPendingMax;
    private readonly Lock _watchersGate = new();
    private readonly List<StateWatcher> _watchers = [];

    private SqliteStateStore(DataFile file, TimeProvider time, int watchPendingMax)
    {
        _file = file;
        _watchPendingMax = watchPendingMax;
        _writer = new Worker<WriteJob<StateSession>>(
            "state-writer", QueueCapacity, GroupMax,
            [new GroupWriter<StateSession>(file, () => new StateSession(file.OpenWriter()), time, this)]);
        _reader = new ReaderPool("state-reader", file, threads: 1, QueueCapacity);
    }

    /// <exception cref="DataFileException">Locked, damaged, unreadable, or of a newer schema.</exception>
    public static SqliteStateStore Open(string path, TimeProvider time, int watchPendingMax = WatchPendingMax) =>
        new(DataFile.Open(path, StateSession.Migrations, checkContent: true), time, watchPendingMax);

    public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckKey(key);
        return _reader.RunAsync(c => StateSession.Get(c, key), cancellationToken);
    }

    public async ValueTask<long> PutAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        (await WriteAsync(key, value, durability, static _ => true, cancellationToken))!.Value;

    public ValueTask<long?> CreateAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        WriteAsync(key, value, durability, static present => present is null, cancellationToken);

    public ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default) =>
        WriteAsync(key, value, durability, present => present == revision, cancellationToken);

    public async ValueTask<bool> DeleteAsync(
        string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckKey(key);
        return await RunAsync(
            session =>
            {
                var present = session.RevisionOf(key);
                if (present is null || (revision is not null && present != revision))
                {
                    return false;
                }
                session.Delete(key);
                return true;
            },
            deleted =>
            {
                if (deleted)
                {
                    Publish(new StateChange(key, null));
                }
            },
            durability,
            cancellationToken);
    }

    public async ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckPrefix(prefix);
        return await _reader.RunAsync(c => StateSession.List(c, prefix), cancellationToken);
    }

    /// <summary>The enumeration ends when the store is closed.</summary>
    public IAsyncEnumerable<StateChange> WatchAsync(string prefix, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckPrefix(prefix);
        return WatchCoreAsync(prefix, cancellationToken);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
        EndWatches();
        _file.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync();
        await _writer.DisposeAsync();
        EndWatches();
        _file.Dispose();
    }

    void IGroupObserver.GroupCommitted(int jobs, TimeSpan duration) => MessagingMetrics.StateCommitted(duration);

    void IGroupObserver.GroupFailed(int jobs, Exception error) => MessagingMetrics.StateCommitFailed();

    private async ValueTask<long?> WriteAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, Func<long?, bool> allowed, CancellationToken cancellationToken)
    {
        StateKeys.CheckKey(key);
        StateKeys.CheckValue(value);
        // The caller's buffer is its own again as soon as this returns; watchers share the copy.
        var copy = value.ToArray();
        var entry = await RunAsync(
            session => allowed(session.RevisionOf(key)) ? session.Put(key, copy) : null,
            written =>
            {
                if (written is not null)
                {
                    Publish(new StateChange(key, written));
                }
            },
            durability,
            cancellationToken);
        return entry?.Revision;
    }

    private async Task<T> RunAsync<T>(
        Func<StateSession, T> apply, Action<T> committed, StateDurability durability, CancellationToken cancellationToken)
    {
        var job = new WriteJob<StateSession, T>(apply, committed, durability);
        await _writer.EnqueueAsync(job, cancellationToken);
        return await job.Completion.WaitAsync(cancellationToken);
    }

    private async IAsyncEnumerable<StateChange> WatchCoreAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var watcher = new StateWatcher(prefix, _watchPendingMax);
        try
        {
            var seen = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var entry in await ListAndRegisterAsync(watcher, prefix, cancellationToken))
            {
                seen[entry.Key] = entry.Revision;
                yield return new StateChange(entry.Key, entry);
            }
            yield return StateChange.CaughtUp;

            while (await watcher.WaitAsync(cancellationToken))
            {
                var changes = watcher.Take() ?? Differences(seen, await ListAndRegisterAsync(watcher, prefix, cancellationToken));
                foreach (var change in changes)
                {
                    Note(seen, change);
                    yield return change;
                }
            }
        }
        finally
        {
            lock (_watchersGate)
            {
                watcher.IsClosed = true;
                _watchers.Remove(watcher);
            }
        }
    }

    /// <summary>
    /// Lists on the writer's thread and registers between two writes: what was written before is in the listing, what is
    /// written later comes as a change, nothing comes twice.
    /// </summary>
    private Task<List<StateEntry>> ListAndRegisterAsync(StateWatcher watcher, string prefix, CancellationToken cancellationToken) =>
        RunAsync(
            session => session.List(prefix),
            _ =>
            {
                lock (_watchersGate)
                {
                    watcher.Reset();
                    if (!watcher.IsClosed && !_watchers.Contains(watcher))
                    {
                        _watchers.Add(watcher);
                    }
                }
            },
            // It writes nothing.
            StateDurability.Process,
            cancellationToken);

    private static List<StateChange> Differences(Dictionary<string, long> seen, List<StateEntry> listing)
    {
        var present = listing.Select(e => e.Key).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. seen.Keys.Where(key => !present.Contains(key)).Select(key => new StateChange(key, null)),
            .. listing.Where(e => !seen.TryGetValue(e.Key, out var revision) || revision != e.Revision)
                .OrderBy(e => e.Revision).Select(e => new StateChange(e.Key, e)),
        ];
    }

    private static void Note(Dictionary<string, long> seen, StateChange change)
    {
        if (change.Entry is null)
        {
            seen.Remove(change.Key);
        }
        else
        {
            seen[change.Key] = change.Entry.Revision;
        }
    }

    private void Publish(StateChange change)
    {
        lock (_watchersGate)
        {
            foreach (var watcher in _watchers)
            {
                watcher.Offer(change);
            }
        }
    }

    private void EndWatches()
    {
        lock (_watchersGate)
        {
            foreach (var watcher in _watchers)
            {
                watcher.End();
            }
        }
    }
}
