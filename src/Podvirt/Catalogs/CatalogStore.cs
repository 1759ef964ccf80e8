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
    private readonly Lock _gate = new();
    private volatile Catalog? _applied;
    private long _appliedAt;

    /// <summary>Null until the file has been applied.</summary>
    public Catalog? Applied => _applied;

    /// <summary>
    /// Another process applied it. What counts is the store's revision and not the catalog's own: a store that lost its end has an earlier
    /// catalog under a later revision.
    /// </summary>
    public void See(StateEntry entry) => Take(entry.Read<Catalog>(), entry.Revision);

    /// <summary>As it stands in the store.</summary>
    public async Task<Catalog> ReadAsync(CancellationToken cancellationToken) =>
        (await store.GetAsync(Catalog.StateKey, cancellationToken))?.Read<Catalog>() ?? Catalog.Empty;

    /// <summary>What the store has is what is applied.</summary>
    public async Task SeeAsync(CancellationToken cancellationToken)
    {
        if (await store.GetAsync(Catalog.StateKey, cancellationToken) is { } entry)
        {
            See(entry);
        }
        else
        {
            Take(Catalog.Empty, revision: 0);
        }
    }

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
                Take(diff.Next, entry.Revision);
                break;
            }
            var bytes = StateJson.ToBytes(diff.Next);
            var written = entry is null
                ? await store.CreateAsync(Catalog.StateKey, bytes, cancellationToken)
                : await store.UpdateAsync(Catalog.StateKey, bytes, entry.Revision, cancellationToken);
            if (written is { } revision)
            {
                Take(diff.Next, revision);
                break;
            }
        }
        if (!diff.IsEmpty && logger.IsEnabled(LogLevel.Information))
        {
            LogApplied(
                diff.Next.Revision, diff.Next.Models.Count, diff.Added.Count, diff.Changed.Count, diff.Repriced.Count, diff.Removed.Count);
        }
        return diff;
    }

    private void Take(Catalog catalog, long revision)
    {
        lock (_gate)
        {
            if (revision >= _appliedAt)
            {
                (_applied, _appliedAt) = (catalog, revision);
            }
        }
    }

    [LoggerMessage(5002, LogLevel.Information, "Catalog revision {Revision}: {Count} models ({Added} added, {Changed} changed, {Repriced} repriced, {Removed} removed)")]
    private partial void LogApplied(long revision, int count, int added, int changed, int repriced, int removed);
}
