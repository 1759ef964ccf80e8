using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// The state store of a cluster: one bucket, kept on disk by as many servers as <see cref="NatsOptions.Replicas"/> says. A
/// write that returned is known to a majority of them, whatever it asked to survive; how often they sync their disks is their own setting.
/// </summary>
internal sealed class NatsStateStore : IStateStore, IAsyncDisposable, IDisposable
{
    public const string BucketName = "podvirt-state";

    private readonly NatsBucket _bucket;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly BucketEnd _end;
    private readonly MarkerSweep _sweep;
    private readonly CancellationTokenSource _closing = new();
    private int _closed;

    public NatsStateStore(NatsClient client, TimeProvider time, ILogger<NatsStateStore> log)
    {
        _bucket = new NatsBucket(client, BucketName, maxAge: null);
        _time = time;
        _log = log;
        _end = new BucketEnd(_bucket, time, log, BucketEnd.DefaultInterval);
        _sweep = new MarkerSweep(_bucket, time, log, MarkerSweep.DefaultInterval, MarkerSweep.DefaultAge);
    }

    public async ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckKey(key);
        CheckOpen();
        var age = _end.Now.Age;
        return await _bucket.GetAsync(key, cancellationToken) is { IsDeleted: false } entry ? entry.ToState(age) : null;
    }

    public async ValueTask<long> PutAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        (await WriteAsync(key, Checked(key, value), expected: null, cancellationToken))!.Value;

    public async ValueTask<long?> CreateAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default)
    {
        var copy = Checked(key, value);
        for (var expected = 0L; ;)
        {
            if (await WriteAsync(key, copy, expected, cancellationToken) is { } revision)
            {
                return revision;
            }
            // Taken, or the mark of a deletion is there, which may be written over. Another round means that another writer got ahead.
            var present = await _bucket.GetAsync(key, cancellationToken);
            if (present is { IsDeleted: false })
            {
                return null;
            }
            expected = present?.Revision ?? 0;
        }
    }

    public async ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        var copy = Checked(key, value);
        // To the server 0 means a key that is not there.
        return _end.FromState(revision) is > 0 and var expected ? await WriteAsync(key, copy, expected, cancellationToken) : null;
    }

    public async ValueTask<bool> DeleteAsync(
        string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckKey(key);
        CheckOpen();
        while (true)
        {
            var before = _end.Now;
            var present = await _bucket.GetAsync(key, cancellationToken);
            if (present is not { IsDeleted: false } entry || (revision is { } expected && _end.FromState(expected) != entry.Revision))
            {
                return false;
            }
            if (await _bucket.DeleteAsync(key, entry.Revision, cancellationToken) is { } mark)
            {
                _end.Wrote(before, mark);
                return true;
            }
        }
    }

    public async ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckPrefix(prefix);
        CheckOpen();
        var age = _end.Now.Age;
        return [.. (await _bucket.ListAsync(prefix, cancellationToken)).Select(e => e.ToState(age))];
    }

    /// <summary>
    /// Goes on over every loss of the connection; while there is none it waits, and <see cref="IBusHealth"/> says so. The
    /// enumeration ends when the store is closed.
    /// </summary>
    public IAsyncEnumerable<StateChange> WatchAsync(string prefix, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckPrefix(prefix);
        CheckOpen();
        return WatchCoreAsync(prefix, cancellationToken);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            await _closing.CancelAsync();
            await _sweep.DisposeAsync();
            await _end.DisposeAsync();
        }
    }

    private async IAsyncEnumerable<StateChange> WatchCoreAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        await using var feed = new BucketFeed(_bucket, _end, prefix, _time, _log);
        var seen = new SeenKeys();
        while (true)
        {
            List<StateChange>? changes;
            var listed = false;
            try
            {
                await feed.WaitAsync(ended.Token);
                var (taken, age) = feed.Take();
                changes = taken is null ? null : seen.TakeNews(taken, age);
                if (changes is null)
                {
                    var before = _end.Now;
                    var listing = await _bucket.ListAsync(prefix, ended.Token);
                    if (seen.FindLost(listing, before.Age) is { } lost)
                    {
                        // All begins anew, this watch too.
                        _end.Lose(before, lost);
                        continue;
                    }
                    changes = seen.Compare(listing, before.Age);
                    listed = true;
                }
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                yield break;
            }
            catch (IOException e)
            {
                await feed.ListAgainAsync(e, cancellationToken);
                continue;
            }
            foreach (var change in changes)
            {
                yield return change;
            }
            if (listed && seen.CatchUp())
            {
                yield return StateChange.CaughtUp;
            }
        }
    }

    private async ValueTask<long?> WriteAsync(string key, ReadOnlyMemory<byte> value, long? expected, CancellationToken cancellationToken)
    {
        var before = _end.Now;
        return await _bucket.PutAsync(key, value, expected, cancellationToken) is { } revision ? _end.Wrote(before, revision) : null;
    }

    /// <summary>A copy: the caller's buffer is its own again as soon as the call returns.</summary>
    private byte[] Checked(string key, ReadOnlyMemory<byte> value)
    {
        StateKeys.CheckKey(key);
        StateKeys.CheckValue(value);
        CheckOpen();
        return value.ToArray();
    }

    private void CheckOpen() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed) != 0, this);
}
