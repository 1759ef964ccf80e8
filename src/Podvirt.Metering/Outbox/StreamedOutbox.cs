using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Metering.Outbox;

/// <summary>
/// The outbox of a gateway under <c>durability: stream</c>: an append is durable on its disk, and then waits until the stream has the
/// record too. Where that takes longer than <paramref name="limit"/> it completes all the same, which is counted: the record is
/// on the disk, and refusing what was served would help nobody. While nothing moves, no append waits.
/// </summary>
internal sealed class StreamedOutbox(SqliteUsageOutbox inner, StreamWaits waits, TimeSpan limit, MeteringMetrics metrics) : IUsageOutbox
{
    public bool IsHealthy => inner.IsHealthy;

    public ValueTask AppendAsync(UsageRecord record, CancellationToken cancellationToken = default) => AppendAsync(record, reply: null, cancellationToken);

    ValueTask IUsageOutbox.AppendAsync(UsageRecord record, StoredReply reply, CancellationToken cancellationToken) =>
        AppendAsync(record, reply, cancellationToken);

    public ValueTask CheckpointAsync(IReadOnlyList<IRunningUsage> running, CancellationToken cancellationToken = default) =>
        inner.CheckpointAsync(running, cancellationToken);

    public bool TryHold(UsageRecord record) => inner.TryHold(record);

    private async ValueTask AppendAsync(UsageRecord record, StoredReply? reply, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        using var wait = waits.Begin(record.Id);
        await inner.AppendAsync(record, reply, cancellationToken);
        if (!await wait.IsConfirmedAsync(limit, cancellationToken))
        {
            metrics.Unconfirmed();
        }
    }
}
