namespace Podvirt.Scheduler.Placement;

/// <summary>
/// All real gpus, or all simulated ones, with the indexes that answer where a replica fits without looking at every gpu.
/// </summary>
internal sealed class GpuPool
{
    /// <summary>
    /// Groups that one decision looks at in full for evictions. The bounds put the cheapest first, and the time of a decision
    /// does not grow with the fleet.
    /// </summary>
    private const int VisitsMax = 12;

    /// <summary>
    /// Groups whose bounds one decision brings up to date because a worth has changed. Worth fades everywhere all the time; a
    /// bound that is a few decisions behind makes a choice a little dearer, never wrong.
    /// </summary>
    private const int FadedMax = 12;

    private readonly HashSet<GpuGroup> _stale = [];
    private readonly HashSet<GpuGroup> _staleBounds = [];
    private readonly HashSet<GpuGroup> _staleBusyBounds = [];
    private readonly Queue<GpuGroup> _faded = new();
    private readonly Homes _homes;
    private readonly FreeIndex _free;
    private readonly FreeIndex _quiet;
    private readonly FreeIndex _calm;
    private readonly LossTree _idle;
    private readonly LossTree _busy;

    public GpuPool(IReadOnlyList<GpuGroup> groups)
    {
        Groups = groups;
        var gpusMax = groups.Count == 0 ? 0 : groups.Max(group => group.Gpus.Count);
        _homes = new Homes(groups, gpusMax);
        _free = new FreeIndex(gpusMax);
        _quiet = new FreeIndex(gpusMax);
        _calm = new FreeIndex(gpusMax);
        _idle = new LossTree(EvictionScope.Idle, groups.Count, gpusMax);
        _busy = new LossTree(EvictionScope.Busy, groups.Count, gpusMax);
        foreach (var group in groups)
        {
            _free.Add(group, group.FreeSorted);
            _quiet.Add(group, group.QuietSorted);
            _calm.Add(group, group.CalmSorted);
            Touch(group);
        }
    }

    public IReadOnlyList<GpuGroup> Groups { get; }

    /// <summary>What its gpus hold, or may be asked for, has changed.</summary>
    public void Touch(GpuGroup group) => _stale.Add(group);

    /// <summary>Only the worth of what its gpus hold has changed.</summary>
    public void Fade(GpuGroup group)
    {
        if (!group.IsFaded)
        {
            group.IsFaded = true;
            _faded.Enqueue(group);
        }
    }

    /// <summary>
    /// The group where so many gpus have so much free. Packing: in a home. Then quiet ones before those in a transition.
    /// </summary>
    public GpuGroup? FindFree(PlacementRequest request)
    {
        Refresh();
        var home = request.Order == PlacementOrder.Pack ? _homes.Find(request) : null;
        var number = home ?? _calm.Find(request) ?? _quiet.Find(request) ?? _free.Find(request);
        return number is { } found ? Groups[found] : null;
    }

    /// <summary>The group where the least worth has to leave.</summary>
    public GroupOption? FindCheapest(PlacementRequest request)
    {
        Refresh();
        for (var i = 0; i < FadedMax && _faded.TryDequeue(out var group); i++)
        {
            group.IsFaded = false;
            _staleBounds.Add(group);
            _staleBusyBounds.Add(group);
        }

        // Each scope's bounds are brought up to date when somebody asks for them.
        var (tree, stale) = request.Scope == EvictionScope.Busy ? (_busy, _staleBusyBounds) : (_idle, _staleBounds);
        foreach (var group in stale)
        {
            tree.Update(group);
        }

        stale.Clear();
        return tree.Cheapest(Groups, request, VisitsMax);
    }

    private void Refresh()
    {
        foreach (var group in _stale)
        {
            _free.Update(group, group.FreeSorted, static gpu => gpu.IsClaimed ? -1 : gpu.Free);
            _quiet.Update(group, group.QuietSorted, static gpu => gpu.Quiet);
            _calm.Update(group, group.CalmSorted, static gpu => gpu.Calm);
            _homes.Update(group);
            _staleBounds.Add(group);
            _staleBusyBounds.Add(group);
        }

        _stale.Clear();
    }
}

/// <summary>For each number of gpus, the groups by how much memory they can offer on so many at once.</summary>
internal sealed class FreeIndex
{
    // Ends every search, so that none runs off the end.
    private static readonly (long Free, int Group) s_end = (long.MaxValue, int.MaxValue);

    private readonly SortedSet<(long Free, int Group)>[] _byCount;
    private readonly long[] _scratch;

    public FreeIndex(int gpusMax)
    {
        _byCount = [.. Enumerable.Range(0, gpusMax).Select(_ => new SortedSet<(long, int)> { s_end })];
        _scratch = new long[gpusMax];
    }

    public void Add(GpuGroup group, long[] sorted)
    {
        Array.Fill(sorted, -1);
        for (var count = 0; count < sorted.Length; count++)
        {
            _byCount[count].Add((-1, group.Number));
        }
    }

    /// <param name="sorted">The group's entry in this index; brought up to date.</param>
    public void Update(GpuGroup group, long[] sorted, Func<GpuAccount, long> offered)
    {
        var now = _scratch.AsSpan(0, sorted.Length);
        for (var i = 0; i < now.Length; i++)
        {
            now[i] = Math.Max(-1, offered(group.Gpus[i]));
        }

        now.Sort();
        now.Reverse();
        for (var i = 0; i < now.Length; i++)
        {
            if (now[i] != sorted[i])
            {
                _byCount[i].Remove((sorted[i], group.Number));
                _byCount[i].Add((now[i], group.Number));
                sorted[i] = now[i];
            }
        }
    }

    /// <summary>
    /// Packing: of the groups that can, the one that can offer the least. Spreading: the one that can offer the most. Null
    /// when none can.
    /// </summary>
    public int? Find(PlacementRequest request) => Find(request, request.Order == PlacementOrder.Spread);

    public int? Find(PlacementRequest request, bool widest)
    {
        if (request.Count > _byCount.Length)
        {
            return null;
        }

        var set = _byCount[request.Count - 1];
        var bytes = Math.Max(0, request.Bytes);
        var least = set.GetViewBetween((bytes, -1), s_end).Min;
        if (least == s_end)
        {
            return null;
        }

        return !widest ? least.Group : set.GetViewBetween((bytes, -1), (long.MaxValue - 1, 0)).Max.Group;
    }
}
