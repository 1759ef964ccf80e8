using Microsoft.Extensions.Logging;
using Podvirt.Core.Models;
using Podvirt.Messaging;

namespace Podvirt.Catalogs;

/// <summary>Notes what a model costs from now on; does nothing where that is its price already.</summary>
/// <param name="price">Null: free.</param>
internal delegate ValueTask RecordPrice(string modelId, PriceSpec? price, CancellationToken cancellationToken);

/// <summary>The catalog in the state store.</summary>
internal sealed partial class CatalogStore(IStateStore store, RecordPrice recordPrice, ILogger<CatalogStore> logger)
{
    private volatile Catalog? _applied;

    /// <summary>Null until the file has been applied, or in a cluster until the catalog has been read.</summary>
    public Catalog? Applied => _applied;

    /// <summary>What another process wrote.</summary>
    public void Take(Catalog catalog)
    {
        if (_applied is not { } applied || applied.Revision < catalog.Revision)
        {
            _applied = catalog;
        }
    }

    /// <summary>As it stands in the store.</summary>
    public async Task<Catalog> ReadAsync(CancellationToken cancellationToken) =>
        (await store.GetAsync(Catalog.StateKey, cancellationToken))?.Read<Catalog>() ?? Catalog.Empty;

    /// <summary>
    /// 1. Records every model's price: nothing of the new catalog can be used before its price is known. 2. Reads the
    /// catalog. 3. Compares. 4. Writes over exactly what was read, and begins again at 2 when another write came first.
    /// </summary>
    public async Task<CatalogDiff> ApplyAsync(IReadOnlyList<ModelSpec> models, CancellationToken cancellationToken)
    {
        foreach (var model in models)
        {
            await recordPrice(model.Id, model.Price, cancellationToken);
        }
        CatalogDiff diff;
        while (true)
        {
            var entry = await store.GetAsync(Catalog.StateKey, cancellationToken);
            diff = CatalogDiff.Between(entry?.Read<Catalog>() ?? Catalog.Empty, models);
            if (diff.IsEmpty && entry is not null)
            {
                break;
            }
            var bytes = StateJson.ToBytes(diff.Next);
            var written = entry is null
                ? await store.CreateAsync(Catalog.StateKey, bytes, cancellationToken)
                : await store.UpdateAsync(Catalog.StateKey, bytes, entry.Revision, cancellationToken);
            if (written is not null)
            {
                break;
            }
        }
        _applied = diff.Next;
        if (!diff.IsEmpty && logger.IsEnabled(LogLevel.Information))
        {
            LogApplied(
                diff.Next.Revision, diff.Next.Models.Count, diff.Added.Count, diff.Changed.Count, diff.Repriced.Count, diff.Removed.Count);
        }
        return diff;
    }

    [LoggerMessage(5002, LogLevel.Information, "Catalog revision {Revision}: {Count} models ({Added} added, {Changed} changed, {Repriced} repriced, {Removed} removed)")]
    private partial void LogApplied(long revision, int count, int added, int changed, int repriced, int removed);
}
