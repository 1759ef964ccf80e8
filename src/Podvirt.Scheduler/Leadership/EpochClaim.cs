using Podvirt.Messaging;

namespace Podvirt.Scheduler.Leadership;

/// <summary>What is written of the leader, under <c>scheduler/epoch</c>.</summary>
/// <param name="Leader">For people; empty where one process is alone.</param>
/// <param name="IsVacant">It has left in order: nobody leads until the next one raises the epoch.</param>
internal sealed record EpochRecord(long Epoch, string Leader = "", bool IsVacant = false)
{
    public const string Key = "scheduler/epoch";
}

/// <summary>
/// The number of one leader's time, higher than all before it. Raising it is what ends every earlier leader: from then on none of
/// them can <see cref="ConfirmAsync">confirm</see> its own.
/// </summary>
internal sealed class EpochClaim : IDisposable
{
    /// <summary>Answers that were lost make the revision that is remembered an old one; more than one in a row do not do so by chance.</summary>
    private const int TriesMax = 3;

    private readonly IStateStore _store;
    private readonly EpochRecord _record;
    private readonly SemaphoreSlim _one = new(1, 1);
    private long _revision;
    private long _begun;

    private EpochClaim(IStateStore store, EpochRecord record, long revision)
    {
        _store = store;
        _record = record;
        _revision = revision;
    }

    public long Epoch => _record.Epoch;

    /// <param name="store">The state store.</param>
    /// <param name="leader">The name of the process.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="above">The highest epoch that the process knows of: a store that lost its end may not have it any more.</param>
    public static async Task<EpochClaim> RaiseAsync(IStateStore store, string leader, CancellationToken cancellationToken, long above = 0)
    {
        while (true)
        {
            var entry = await store.GetAsync(EpochRecord.Key, cancellationToken);
            var record = new EpochRecord(Math.Max(entry?.Read<EpochRecord>().Epoch ?? 0, above) + 1, leader);
            var bytes = StateJson.ToBytes(record);
            var written = entry is null
                ? await store.CreateAsync(EpochRecord.Key, bytes, cancellationToken)
                : await store.UpdateAsync(EpochRecord.Key, bytes, entry.Revision, cancellationToken);
            if (written is { } revision)
            {
                return new EpochClaim(store, record, revision);
            }
        }
    }

    /// <summary>
    /// True when nobody has raised the epoch until now. It is written again over its own revision: a read might be answered by a
    /// server that has not heard of the newest write yet. Those who ask at the same time share one write that begins after them.
    /// </summary>
    public async ValueTask<bool> ConfirmAsync(CancellationToken cancellationToken)
    {
        var before = Interlocked.Read(ref _begun);
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (Confirmed > before)
            {
                return true;
            }

            var number = Interlocked.Increment(ref _begun);
            if (!await WriteAsync(_record, cancellationToken))
            {
                return false;
            }

            Confirmed = number;
            return true;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Tells those who stand by that its leader leaves.</summary>
    public async Task VacateAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            await WriteAsync(_record with { IsVacant = true }, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    /// <summary>The last write that succeeded; written by whoever has its turn.</summary>
    private long Confirmed { get; set; }

    private async Task<bool> WriteAsync(EpochRecord record, CancellationToken cancellationToken)
    {
        var bytes = StateJson.ToBytes(record);
        for (var attempt = 0; attempt < TriesMax; attempt++)
        {
            if (await _store.UpdateAsync(EpochRecord.Key, bytes, _revision, StateDurability.Process, cancellationToken) is { } revision)
            {
                _revision = revision;
                return true;
            }

            // Its own write, whose answer was lost, is no other leader's.
            var entry = await _store.GetAsync(EpochRecord.Key, cancellationToken);
            if (entry?.Read<EpochRecord>() is not { } written || (written.Epoch, written.Leader) != (Epoch, _record.Leader))
            {
                return false;
            }

            _revision = entry.Revision;
        }

        return false;
    }
}
