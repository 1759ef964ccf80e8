using System.Collections.Concurrent;
using Podvirt.Core.Projects;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Outbox;

namespace Podvirt.Metering.Tests.Outbox;

/// <summary>An outbox whose removals can be interrupted.</summary>
internal sealed class FlakyOutbox(IOutboxQueue inner) : IOutboxQueue
{
    public bool RemovalFails { get; set; }

    public Guid Id => inner.Id;

    public long Rows => inner.Rows;

    public ValueTask WaitAsync(CancellationToken cancellationToken) => inner.WaitAsync(cancellationToken);

    public ValueTask<IReadOnlyList<OutboxRow>> ReadAsync(int limit, CancellationToken cancellationToken) => inner.ReadAsync(limit, cancellationToken);

    public ValueTask<IReadOnlyList<OutboxRow>> ReadBehindAsync(long seq, int limit, CancellationToken cancellationToken) =>
        inner.ReadBehindAsync(seq, limit, cancellationToken);

    public ValueTask RemoveAsync(long last, IReadOnlyList<long> invalid, CancellationToken cancellationToken) =>
        RemovalFails ? throw new IOException("interrupted") : inner.RemoveAsync(last, invalid, cancellationToken);
}

/// <summary>A ledger that can be away; notes when it was asked.</summary>
internal sealed class FlakyLedger(ILedger inner, TimeProvider time) : ILedger
{
    public bool Fails { get; set; }

    public ConcurrentQueue<DateTimeOffset> Attempts { get; } = new();

    public ValueTask AppendAsync(IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
    {
        Attempts.Enqueue(time.GetUtcNow());
        return Fails ? throw new IOException("the ledger is away") : inner.AppendAsync(records, cancellationToken);
    }

    public ValueTask AppendGpuTimeAsync(IReadOnlyList<GpuInterval> intervals, CancellationToken cancellationToken = default) =>
        Fails ? throw new IOException("the ledger is away") : inner.AppendGpuTimeAsync(intervals, cancellationToken);

    public ValueTask<IReadOnlyList<GpuSeconds>> GpuSecondsAsync(GpuTimeQuery query, CancellationToken cancellationToken = default) =>
        inner.GpuSecondsAsync(query, cancellationToken);

    public ValueTask<RatedRecord?> FindAsync(Guid id, CancellationToken cancellationToken = default) => inner.FindAsync(id, cancellationToken);

    public ValueTask<IReadOnlySet<Guid>> KnownAsync(IReadOnlyList<RecordPlace> places, CancellationToken cancellationToken = default) =>
        inner.KnownAsync(places, cancellationToken);

    public ValueTask<IReadOnlyList<RatedRecord>> ListAsync(UsageQuery query, int limit, CancellationToken cancellationToken = default) =>
        inner.ListAsync(query, limit, cancellationToken);

    public IAsyncEnumerable<IReadOnlyList<RatedRecord>> ReadAsync(UsageQuery query, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(query, cancellationToken);

    public ValueTask<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, UsageGroup group, CancellationToken cancellationToken = default) =>
        inner.SumAsync(query, group, cancellationToken);

    public ValueTask<FiguresReport> FiguresAsync(FiguresQuery query, FiguresGroup group, CancellationToken cancellationToken = default) =>
        inner.FiguresAsync(query, group, cancellationToken);

    public ValueTask<IReadOnlyList<FiguresPoint>> SeriesAsync(
        FiguresQuery query, FiguresStep step, FiguresGroup group, CancellationToken cancellationToken = default) =>
        inner.SeriesAsync(query, step, group, cancellationToken);

    public IAsyncEnumerable<ReconcileStep> ReconcileAsync(CancellationToken cancellationToken = default) => inner.ReconcileAsync(cancellationToken);

    public ValueTask<IReadOnlyList<Consumed>> ConsumedAsync(UtcMonth month, CancellationToken cancellationToken = default) =>
        inner.ConsumedAsync(month, cancellationToken);

    public ValueTask<IReadOnlyDictionary<string, long>> RequestTotalsAsync(CancellationToken cancellationToken = default) =>
        inner.RequestTotalsAsync(cancellationToken);
}
