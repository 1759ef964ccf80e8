namespace Podvirt.Scheduler.Placement;

/// <summary>
/// Where replicas of like size live together. A sleeper's residue is small, yet many of them beside a large model leave it no
/// room to wake: gpus that large ones live on are kept for large ones, and take no more of them than can sleep there
/// while one is awake.
/// </summary>
internal sealed class Homes
{
    /// <summary>By the share of a gpu: up to a half, up to three quarters, more.</summary>
    private const int Sizes = 3;

    // Indexes: the homes of each size, unused gpus, and the homes of any size; then homes without regard to sleepers' returns.
    private const int Unused = Sizes;
    private const int Any = Sizes + 1;
    private const int Crowded = Sizes + 2;
    private const int AnyCrowded = Crowded + Sizes;

    // Groups are found by the memory of their gpus, which says what is large there; few kinds of gpus make a fleet.
    private readonly SortedDictionary<long, FreeIndex[]> _indexes = [];
    private readonly long[][][] _sorted;

    public Homes(IReadOnlyList<GpuGroup> groups, int gpusMax)
    {
        _sorted = new long[groups.Count][][];
        foreach (var group in groups)
        {
            var memory = group.Gpus[0].Device.MemoryBytes;
            if (!_indexes.TryGetValue(memory, out var indexes))
            {
                indexes = [.. Enumerable.Range(0, AnyCrowded + 1).Select(_ => new FreeIndex(gpusMax))];
                _indexes.Add(memory, indexes);
            }

            _sorted[group.Number] = [.. indexes.Select(_ => new long[group.Gpus.Count])];
            for (var i = 0; i <= AnyCrowded; i++)
            {
                indexes[i].Add(group, _sorted[group.Number][i]);
            }
        }
    }

    public static int SizeOf(long bytes, long gpuBytes) => bytes > gpuBytes / 4 * 3 ? 2 : bytes > gpuBytes / 2 ? 1 : 0;

    public void Update(GpuGroup group)
    {
        var (indexes, sorted) = (_indexes[group.Gpus[0].Device.MemoryBytes], _sorted[group.Number]);
        for (var i = 0; i < Sizes; i++)
        {
            var size = i;
            indexes[i].Update(group, sorted[i], gpu => gpu.Home == size ? gpu.Calm : -1);
            indexes[Crowded + i].Update(group, sorted[Crowded + i], gpu => gpu.Home == size ? gpu.Quiet : -1);
        }

        indexes[Unused].Update(group, sorted[Unused], static gpu => gpu.IsUnused ? gpu.Calm : -1);
        indexes[Any].Update(group, sorted[Any], static gpu => gpu.Home >= 0 ? gpu.Calm : -1);
        indexes[AnyCrowded].Update(group, sorted[AnyCrowded], static gpu => gpu.Home >= 0 ? gpu.Quiet : -1);
    }

    /// <summary>
    /// The group with the most room among its like; or else the unused one that it leaves the least of; or else the one with the
    /// most room among others; or else one where it is in the way of sleepers that will be back soon. Null: none of them.
    /// </summary>
    public int? Find(PlacementRequest request) =>
        Find(request, 0, bySize: true) ?? Find(request, Unused) ?? Find(request, Any)
        ?? Find(request, Crowded, bySize: true) ?? Find(request, AnyCrowded);

    private int? Find(PlacementRequest request, int index, bool bySize = false)
    {
        foreach (var (memory, indexes) in _indexes)
        {
            var asked = index + (bySize ? SizeOf(request.Bytes, memory) : 0);
            if (indexes[asked].Find(request, widest: index != Unused) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
