using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Podvirt.Core.Projects;
using Podvirt.Messaging;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// The ledger of a cluster, shared by all its processes. A batch is one insert, and counts once however often it is repeated; until it has
/// returned a read may see a part of it. Billing, re-rating and <see cref="LedgerUpkeep"/> have one owner at a time, as the metering's leader.
/// </summary>
internal sealed partial class ClickHouseLedger(ClickHouseDatabase database) : ILedger, IBatchLedger, IMinuteRollups
{
    private const int ListLimitMax = 10_000;

    /// <summary>Records in one part of a long read: some MiB.</summary>
    private const int PartMax = 10_000;

    /// <summary>Ids that one statement looks for: a MiB of it.</summary>
    private const int KnownMax = 50_000;

    public async ValueTask AppendAsync(IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        if (records.Count > 0)
        {
            await AppendBatchAsync(TokenOf(records), records, cancellationToken);
        }
    }

    public async ValueTask AppendBatchAsync(string token, IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(token);
        ArgumentNullException.ThrowIfNull(records);
        await new BatchAppend(await database.OpenAsync(cancellationToken)).RunAsync(token, records, cancellationToken);
    }

    public async ValueTask<RatedRecord?> FindAsync(Guid id, CancellationToken cancellationToken = default) =>
        await RecordQueries.FindAsync(await database.OpenAsync(cancellationToken), id, cancellationToken);

    public async ValueTask<IReadOnlySet<Guid>> KnownAsync(IReadOnlyList<RecordPlace> places, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(places);
        var known = new HashSet<Guid>();
        foreach (var part in places.Chunk(KnownMax))
        {
            known.UnionWith(await RecordQueries.KnownAsync(await database.OpenAsync(cancellationToken), part, but: null, cancellationToken));
        }
        return known;
    }

    public async ValueTask<IReadOnlyList<RatedRecord>> ListAsync(UsageQuery query, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ListLimitMax);
        return await RecordQueries.ListAsync(await database.OpenAsync(cancellationToken), query, limit, cancellationToken);
    }

    public async IAsyncEnumerable<IReadOnlyList<RatedRecord>> ReadAsync(
        UsageQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var store = await database.OpenAsync(cancellationToken);
        RecordPlace? behind = null;
        while (true)
        {
            var part = await RecordQueries.ReadPartAsync(store, query, behind, PartMax, cancellationToken);
            if (part.Count > 0)
            {
                yield return part;
                behind = RecordPlace.Of(part[^1].Record);
            }
            if (part.Count < PartMax)
            {
                yield break;
            }
        }
    }

    public async ValueTask<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, UsageGroup group, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await SumQueries.RunAsync(await database.OpenAsync(cancellationToken), query, group, cancellationToken);
    }

    public async ValueTask<FiguresReport> FiguresAsync(FiguresQuery query, FiguresGroup group, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await FiguresQueries.FiguresAsync(await database.OpenAsync(cancellationToken), query, group, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<FiguresPoint>> SeriesAsync(
        FiguresQuery query, FiguresStep step, FiguresGroup group, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await FiguresQueries.SeriesAsync(await database.OpenAsync(cancellationToken), query, step, group, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Consumed>> ConsumedAsync(UtcMonth month, CancellationToken cancellationToken = default) =>
        await TotalQueries.ConsumedAsync(await database.OpenAsync(cancellationToken), month, cancellationToken);

    public async ValueTask<IReadOnlyDictionary<string, long>> RequestTotalsAsync(CancellationToken cancellationToken = default) =>
        await TotalQueries.RequestsAsync(await database.OpenAsync(cancellationToken), cancellationToken);

    public async ValueTask<int> RemoveMinutesBeforeAsync(DateTimeOffset moment, CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        var firstKeptUs = Micros.FloorTo(Micros.Of(moment), Micros.Minute);
        await store.ExecuteAsync(LedgerState.Raise(LedgerState.MinutesFromMark, firstKeptUs), cancellationToken);
        var firstKept = SqlParameters.Of(firstKeptUs);
        var removed = 0;
        foreach (var table in (string[])["minute_by_project", "minute_by_model"])
        {
            var rows = await store.ReadAsync(
                $"SELECT toInt64(count()) FROM {table} FINAL WHERE bucket_us < {firstKept}", SqlParameters.None, row => row.GetInt64(0), cancellationToken);
            if (rows[0] > 0)
            {
                await store.ExecuteAsync($"DELETE FROM {table} WHERE bucket_us < {firstKept}", cancellationToken);
                removed += checked((int)rows[0]);
            }
        }
        return removed;
    }

    public async IAsyncEnumerable<ReconcileStep> ReconcileAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        var fromUs = long.MinValue;
        while (await LedgerReconciliation.CompareNextAsync(store, fromUs, cancellationToken) is { } days)
        {
            yield return new ReconcileStep(
                Micros.ToTime(days.StartUs).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), days.Records, days.Differences);
            if (days.EndUs == long.MaxValue)
            {
                yield break;
            }
            fromUs = days.EndUs;
        }
    }

    /// <summary>Of a batch without a name: its ids, in their order.</summary>
    private static string TokenOf(IReadOnlyList<RatedRecord> records)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes("ids"));
        Span<byte> id = stackalloc byte[16];
        foreach (var rated in records)
        {
            rated.Record.Id.TryWriteBytes(id, bigEndian: true, out _);
            hash.AppendData(id);
        }
        return "ids-" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
