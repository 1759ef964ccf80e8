using System.Numerics;

namespace Podvirt.Scheduler.Placement;

/// <summary>
/// Lower bounds of what it costs to free memory, of every group and, above them, of halves, quarters and so on of all
/// groups. A search for the cheapest group visits the most promising first and ends when nothing left can be cheaper.
/// </summary>
internal sealed class LossTree
{
    // Requests between two sizes are bounded by the lower one. Memory sizes of gpus and models lie about so far apart.
    private static readonly long[] s_sizes =
        [.. new[] { 0, 2, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 72, 80, 128, 192 }.Select(gib => (long)gib << 30)];

    private readonly EvictionScope _scope;
    private readonly int _countMax;
    private readonly int _leaves;
    private readonly int _width;
    private readonly double[] _bounds;
    private readonly double[] _losses;
    private readonly PriorityQueue<int, (double Bound, int Node)> _open = new();

    /// <param name="groups">Leaves.</param>
    /// <param name="gpusMax">Gpus of the largest group.</param>
    public LossTree(EvictionScope scope, int groups, int gpusMax)
    {
        _scope = scope;
        _countMax = gpusMax;
        _leaves = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, groups));
        _width = gpusMax * s_sizes.Length;
        _bounds = new double[2 * _leaves * _width];
        _losses = new double[gpusMax];
        Array.Fill(_bounds, double.PositiveInfinity);
    }

    /// <summary>Bytes that bounds are kept for, ascending.</summary>
    public static ReadOnlySpan<long> Sizes => s_sizes;

    /// <summary>Takes over the group's bounds, for every number of gpus and every size.</summary>
    public void Update(GpuGroup group)
    {
        var node = _leaves + group.Number;
        for (var size = 0; size < s_sizes.Length; size++)
        {
            var found = 0;
            foreach (var gpu in group.Gpus)
            {
                if (!gpu.IsClaimed)
                {
                    Insert(gpu.Bounds(_scope)[size], found++);
                }
            }

            var sum = 0.0;
            for (var count = 0; count < _countMax; count++)
            {
                sum = count < found ? sum + _losses[count] : double.PositiveInfinity;
                _bounds[(node * _width) + (count * s_sizes.Length) + size] = sum;
            }
        }

        for (node /= 2; node >= 1; node /= 2)
        {
            var parent = _bounds.AsSpan(node * _width, _width);
            ReadOnlySpan<double> left = _bounds.AsSpan(2 * node * _width, _width);
            ReadOnlySpan<double> right = _bounds.AsSpan(((2 * node) + 1) * _width, _width);
            for (var i = 0; i < parent.Length; i++)
            {
                parent[i] = Math.Min(left[i], right[i]);
            }
        }
    }

    /// <summary>The cheapest group for the request; after so many looked at, the cheapest of these.</summary>
    public GroupOption? Cheapest(IReadOnlyList<GpuGroup> groups, PlacementRequest request, int visitsMax)
    {
        if (request.Count > _countMax)
        {
            return null;
        }

        var component = ((request.Count - 1) * s_sizes.Length) + SizeIndex(request.Bytes);
        GroupOption? best = null;
        _open.Clear();
        Open(1, component);
        while (visitsMax > 0 && _open.TryDequeue(out var node, out var promise) && !(promise.Bound > best?.Loss))
        {
            if (node < _leaves)
            {
                Open(2 * node, component);
                Open((2 * node) + 1, component);
                continue;
            }

            visitsMax--;
            if (groups[node - _leaves].Consider(request) is { } option && GroupOptionComparer.Instance.Compare(option, best) < 0)
            {
                best = option;
            }
        }

        return best;
    }

    /// <summary>Keeps the losses sorted: a node has few gpus, for which nothing is quicker.</summary>
    private void Insert(double loss, int count)
    {
        var at = count;
        for (; at > 0 && _losses[at - 1] > loss; at--)
        {
            _losses[at] = _losses[at - 1];
        }

        _losses[at] = loss;
    }

    private void Open(int node, int component)
    {
        var bound = _bounds[(node * _width) + component];
        if (bound < double.PositiveInfinity)
        {
            _open.Enqueue(node, (bound, node));
        }
    }

    private static int SizeIndex(long bytes)
    {
        var index = Array.BinarySearch(s_sizes, bytes);
        return index >= 0 ? index : Math.Max(0, ~index - 1);
    }
}
