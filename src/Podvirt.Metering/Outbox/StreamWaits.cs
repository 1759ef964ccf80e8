using System.Collections.Concurrent;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Outbox;

/// <summary>
/// Whether records move on from the outbox, and who waits for one to: under <c>durability: stream</c> the end of an answer. Nobody waits
/// while nothing moves.
/// </summary>
internal sealed class StreamWaits(IOutboxQueue outbox, SentRows sent, TimeProvider time) : IUsageFlow
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _waiting = new();
    private volatile string _trouble = "";
    private long _since;

    public bool IsStuck => _trouble.Length > 0;

    public UsageFlow Now => IsStuck
        ? new UsageFlow(Waiting, _trouble, new DateTimeOffset(Interlocked.Read(ref _since), TimeSpan.Zero))
        : new UsageFlow(Waiting, "", null);

    private long Waiting => Math.Max(0, outbox.Rows - sent.Count);

    /// <summary>Begins to wait for a record, before it is appended. Dispose it.</summary>
    public Wait Begin(Guid id) => new(this, id);

    /// <summary>The stream has some of these.</summary>
    public void Confirm(IReadOnlyList<UsageRecord> records, PublishOutcome outcome)
    {
        for (var i = 0; i < records.Count; i++)
        {
            if (outcome.IsTaken(i) && _waiting.TryGetValue(records[i].Id, out var waiting))
            {
                waiting.TrySetResult();
            }
        }
    }

    public void Flows() => _trouble = "";

    public void IsStuckBecause(string why)
    {
        if (!IsStuck)
        {
            Interlocked.Exchange(ref _since, time.GetUtcNow().UtcTicks);
        }
        _trouble = why;
        foreach (var waiting in _waiting.Values)
        {
            waiting.TrySetCanceled();
        }
    }

    /// <summary>One record's.</summary>
    internal readonly struct Wait : IDisposable
    {
        private readonly StreamWaits _waits;
        private readonly Guid _id;
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Wait(StreamWaits waits, Guid id)
        {
            _waits = waits;
            _id = id;
            waits._waiting[id] = _done;
        }

        /// <summary>True when the stream has it; false where that takes too long, or nothing moves, or nobody waits any more.</summary>
        public async ValueTask<bool> IsConfirmedAsync(TimeSpan limit, CancellationToken cancellationToken)
        {
            if (_waits.IsStuck)
            {
                return false;
            }
            try
            {
                await _done.Task.WaitAsync(limit, _waits.Time, cancellationToken);
                return true;
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException)
            {
                return false;
            }
        }

        public void Dispose() => _waits._waiting.TryRemove(_id, out _);
    }

    private TimeProvider Time => time;
}
