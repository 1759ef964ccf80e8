using System.Collections.Concurrent;
using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>An outbox that records, and can fail or be held.</summary>
internal sealed class FakeOutbox : IUsageOutbox, IReplyStore
{
    private volatile TaskCompletionSource? _held;

    public ConcurrentQueue<UsageRecord> Records { get; } = new();

    public bool IsHealthy { get; set; } = true;

    public bool Fails { get; set; }

    /// <summary>Appends that are waiting while it is held.</summary>
    public int Waiting;

    /// <summary>Appends wait from now on until <see cref="Release"/>.</summary>
    public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release()
    {
        var held = _held;
        _held = null;
        held?.SetResult();
    }

    public async ValueTask AppendAsync(UsageRecord record, CancellationToken cancellationToken = default)
    {
        if (_held is { } held)
        {
            Interlocked.Increment(ref Waiting);
            await held.Task;
            Interlocked.Decrement(ref Waiting);
        }
        if (Fails)
        {
            throw new UsageOutboxException("the disk is full");
        }
        Records.Enqueue(record);
    }

    /// <summary>What was handed over for later, after its append had failed.</summary>
    public ConcurrentQueue<UsageRecord> HeldRecords { get; } = new();

    /// <summary>Every checkpoint, in the order in which they were written.</summary>
    public ConcurrentQueue<UsageRecord> Checkpoints { get; } = new();

    public ValueTask CheckpointAsync(IReadOnlyList<IRunningUsage> running, CancellationToken cancellationToken = default)
    {
        if (Fails)
        {
            throw new UsageOutboxException("the disk is full");
        }
        foreach (var usage in running)
        {
            if (usage.TakeCheckpoint() is { } record)
            {
                Checkpoints.Enqueue(record);
            }
        }
        return default;
    }

    /// <summary>False: as much is held as may be.</summary>
    public bool HoldsFailed { get; set; } = true;

    public bool TryHold(UsageRecord record)
    {
        if (HoldsFailed)
        {
            HeldRecords.Enqueue(record);
        }
        return HoldsFailed;
    }

    /// <summary>What is kept for retries, by its key in hexadecimal digits.</summary>
    public ConcurrentDictionary<string, StoredReply> Replies { get; } = new();

    public async ValueTask AppendAsync(UsageRecord record, StoredReply reply, CancellationToken cancellationToken = default)
    {
        await AppendAsync(record, cancellationToken);
        Replies[Convert.ToHexString(reply.Key.Span)] = reply with { Body = reply.Body.ToArray() };
    }

    public ValueTask<StoredReply?> FindAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default) =>
        Fails ? throw new IOException("the disk is gone") : ValueTask.FromResult(Replies.GetValueOrDefault(Convert.ToHexString(key.Span)));

    /// <summary>The only record, once it is there.</summary>
    public async Task<UsageRecord> SingleAsync()
    {
        await Eventually.TrueAsync(() => !Records.IsEmpty, "there is a usage record");
        return Assert.Single(Records);
    }

    public async Task<UsageRecord[]> AllAsync(int count)
    {
        await Eventually.TrueAsync(() => Records.Count >= count, $"there are {count} usage records");
        var records = Records.ToArray();
        Assert.Equal(count, records.Length);
        Assert.Equal(count, records.DistinctBy(record => record.Id).Count());
        return records;
    }
}
