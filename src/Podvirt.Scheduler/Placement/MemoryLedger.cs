using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Placement;

/// <summary>
/// Who holds what on every gpu, and in each node's host memory. One writer keeps it up to date, change by change;
/// <see cref="Planner"/> decides by it.
/// </summary>
internal sealed class MemoryLedger
{
    private readonly Dictionary<string, (GpuAccount Account, GpuGroup Group, GpuPool Pool)> _gpus = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Holding> _holdings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _hostFree = new(StringComparer.Ordinal);
    private readonly HashSet<string> _claimed = new(StringComparer.Ordinal);

    /// <param name="gpus">The fleet: it does not change.</param>
    /// <param name="hostBytes">For each node, the host memory that sleepers may hold; a node that is not named has no limit.</param>
    public MemoryLedger(IReadOnlyList<GpuDevice> gpus, IReadOnlyDictionary<string, long>? hostBytes = null)
    {
        Gpus = gpus;
        foreach (var (node, bytes) in hostBytes ?? new Dictionary<string, long>())
        {
            _hostFree[node] = bytes;
        }

        var accounts = gpus.Select((gpu, number) => new GpuAccount(gpu, number)).ToList();
        Real = Pool(accounts.Where(account => !account.Device.Simulated));
        Simulated = Pool(accounts.Where(account => account.Device.Simulated));
    }

    public IReadOnlyList<GpuDevice> Gpus { get; }

    public GpuPool Real { get; }

    public GpuPool Simulated { get; }

    /// <summary>Enters a holding, or what became of it.</summary>
    public void Put(Holding holding)
    {
        _holdings.TryGetValue(holding.Replica, out var before);
        if (before == holding)
        {
            return;
        }

        var isFading = before is not null && before == holding with { WorthAwake = before.WorthAwake, WorthAsleep = before.WorthAsleep };
        if (before is not null && !isFading)
        {
            Remove(holding.Replica);
        }

        _holdings[holding.Replica] = holding;
        foreach (var id in holding.Gpus)
        {
            var (account, group, pool) = _gpus[id];
            if (isFading)
            {
                account.Replace(before!, holding);
                pool.Fade(group);
            }
            else
            {
                account.Add(holding);
                pool.Touch(group);
            }
        }

        CountHost(holding, isFading ? 0 : 1);
    }

    public void Remove(string replica)
    {
        if (!_holdings.Remove(replica, out var holding))
        {
            return;
        }

        foreach (var id in holding.Gpus)
        {
            var (account, group, pool) = _gpus[id];
            account.Remove(holding);
            pool.Touch(group);
        }

        CountHost(holding, -1);
    }

    /// <summary>Gpus that somebody is having freed, or waits for: nobody else is placed there.</summary>
    public void Claim(IReadOnlyList<string> gpus)
    {
        foreach (var id in gpus)
        {
            if (_claimed.Add(id))
            {
                SetClaimed(id, true);
            }
        }
    }

    public void Unclaim(IReadOnlyList<string> gpus)
    {
        foreach (var id in gpus)
        {
            if (_claimed.Remove(id))
            {
                SetClaimed(id, false);
            }
        }
    }

    public void ReleaseClaims()
    {
        foreach (var id in _claimed)
        {
            SetClaimed(id, false);
        }

        _claimed.Clear();
    }

    public Holding? Find(string replica) => _holdings.GetValueOrDefault(replica);

    public IReadOnlyCollection<Holding> Holdings => _holdings.Values;

    public GpuAccount Account(string gpu) => _gpus[gpu].Account;

    public GpuGroup Group(string gpu) => _gpus[gpu].Group;

    /// <summary>Host memory of the node that is left for sleepers; without a limit: <see cref="long.MaxValue"/>.</summary>
    public long HostFree(string node) => _hostFree.GetValueOrDefault(node, long.MaxValue);

    private GpuPool Pool(IEnumerable<GpuAccount> accounts)
    {
        var groups = accounts.GroupBy(account => (account.Device.Node, account.Device.Type))
            .Select((gpus, number) => new GpuGroup(gpus.Key.Node, gpus.Key.Type, number, [.. gpus])).ToList();
        var pool = new GpuPool(groups);
        foreach (var group in groups)
        {
            foreach (var account in group.Gpus)
            {
                _gpus.Add(account.Device.Id, (account, group, pool));
            }
        }

        return pool;
    }

    private void SetClaimed(string id, bool isClaimed)
    {
        var (account, group, pool) = _gpus[id];
        account.IsClaimed = isClaimed;
        pool.Touch(group);
    }

    private void CountHost(Holding holding, int sign)
    {
        if (holding.HostBytes > 0 && holding.Gpus.Count > 0)
        {
            var node = _gpus[holding.Gpus[0]].Account.Device.Node;
            if (_hostFree.TryGetValue(node, out var free))
            {
                _hostFree[node] = free - (sign * holding.HostBytes);
            }
        }
    }
}
