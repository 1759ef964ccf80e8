using Podvirt.Core.Models;
using Podvirt.Messaging;

namespace Podvirt.Catalogs;

/// <summary>What a file changes in the catalog.</summary>
/// <param name="Next">The catalog as it should be.</param>
/// <param name="Added">Ids that are new.</param>
/// <param name="Changed">Ids that get a new revision.</param>
/// <param name="Repriced">Ids whose price alone is different: same revision, new rate.</param>
/// <param name="Removed">Ids that go.</param>
internal sealed record CatalogDiff(
    Catalog Next, IReadOnlyList<string> Added, IReadOnlyList<string> Changed, IReadOnlyList<string> Repriced, IReadOnlyList<string> Removed)
{
    public bool IsEmpty => Added.Count + Changed.Count + Repriced.Count + Removed.Count == 0;

    /// <summary>Pure: the same catalog and models always give the same difference.</summary>
    public static CatalogDiff Between(Catalog current, IReadOnlyList<ModelSpec> wanted)
    {
        List<string> added = [], changed = [], repriced = [];
        var next = new List<ModelSpec>(wanted.Count);
        foreach (var model in wanted)
        {
            var known = current.Find(model.Id);
            if (known is null)
            {
                added.Add(model.Id);
                next.Add(model with { Revision = 1 });
            }
            else if (!SameButForPrice(known, model))
            {
                changed.Add(model.Id);
                next.Add(model with { Revision = known.Revision + 1 });
            }
            else
            {
                if (known.Price != model.Price)
                {
                    repriced.Add(model.Id);
                }
                next.Add(model with { Revision = known.Revision });
            }
        }
        var removed = current.Models.Select(m => m.Id).Except(wanted.Select(m => m.Id), StringComparer.Ordinal).ToList();
        var diff = new CatalogDiff(current, added, changed, repriced, removed);
        return diff.IsEmpty ? diff : diff with { Next = new Catalog(current.Revision + 1, next) };
    }

    /// <summary>By the bytes that would be stored: records compare their lists by reference.</summary>
    private static bool SameButForPrice(ModelSpec a, ModelSpec b) => Essence(a).Span.SequenceEqual(Essence(b).Span);

    private static ReadOnlyMemory<byte> Essence(ModelSpec model) => StateJson.ToBytes(model with
    {
        Revision = 0,
        Price = null,
        // What was read back from the store has lost the order that the file was read in.
        Engine = model.Engine with { Env = new SortedDictionary<string, string>(model.Engine.Env.ToDictionary(), StringComparer.Ordinal) },
    });
}
