namespace Podvirt.Metering.Outbox;

/// <summary>The outbox as the pump sees it.</summary>
internal interface IOutboxQueue
{
    /// <summary>Of this outbox, for as long as its file is.</summary>
    Guid Id { get; }

    /// <summary>Completes when rows may be there.</summary>
    ValueTask WaitAsync(CancellationToken cancellationToken);

    /// <summary>The oldest rows, in order; empty when there are none.</summary>
    ValueTask<IReadOnlyList<OutboxRow>> ReadAsync(int limit, CancellationToken cancellationToken);

    /// <summary>The oldest rows behind <paramref name="seq"/>, in order; empty when there are none.</summary>
    ValueTask<IReadOnlyList<OutboxRow>> ReadBehindAsync(long seq, int limit, CancellationToken cancellationToken);

    /// <summary>Durably removes all rows up to <paramref name="last"/>; a copy of the <paramref name="invalid"/> ones is kept for inspection.</summary>
    ValueTask RemoveAsync(long last, IReadOnlyList<long> invalid, CancellationToken cancellationToken);

    /// <summary>Rows that are durable and not removed.</summary>
    long Rows { get; }
}
