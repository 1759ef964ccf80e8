using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Outbox;

/// <summary>What the embedded mode keeps of impossible counts, in the outbox's own file.</summary>
internal sealed class ParkedRows(SqliteUsageOutbox outbox) : IParkedUsage
{
    public async ValueTask<(long Total, IReadOnlyList<ParkedUsage> Latest)> ReadAsync(int limit, CancellationToken cancellationToken = default)
    {
        var (total, rows) = await outbox.ReadLatestInvalidAsync(limit, cancellationToken);
        return (total, [.. rows.Select(r => new ParkedUsage(r.Record.EndedAt, "", r.Seq, BatchWriter.ImpossibleCounts, r.Record, null))]);
    }
}
