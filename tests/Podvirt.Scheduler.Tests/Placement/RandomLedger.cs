using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Placement;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Placement;

/// <summary>A ledger that lives through random changes, as a loop would make them, and the plain list of what it must hold.</summary>
internal sealed class RandomLedger
{
    private readonly Random _random;
    private int _replicas;

    public RandomLedger(int seed, int gpusMax)
    {
        _random = new Random(seed);
        Gpus =
        [
            .. Enumerable.Range(0, _random.Next(1, gpusMax)).Select(index => new GpuDevice(
                $"GPU-{index}", index, $"node{index / 4}", _random.Next(8) == 0 ? "B" : "A", _random.Next(2, 9) * 10 * Make.GiB, index % 5 != 0)),
        ];
        Ledger = new MemoryLedger(Gpus);
        for (var i = 0; i < Gpus.Count * 6; i++)
        {
            Change();
        }
    }

    public IReadOnlyList<GpuDevice> Gpus { get; }

    public MemoryLedger Ledger { get; }

    public Dictionary<string, Holding> Held { get; } = [];

    public HashSet<string> Claimed { get; } = [];

    public PlacementRequest Request() => new(
        _random.Next(1, 4), (_random.Next(1, 90) * Make.GiB) - _random.Next(2), (EvictionScope)_random.Next(3),
        Simulated: _random.Next(3) switch { 0 => true, 1 => false, _ => null }, Order: (PlacementOrder)_random.Next(2));

    /// <summary>A replica comes, goes, or becomes something else; or claims are made or released.</summary>
    public void Change()
    {
        switch (_random.Next(8))
        {
            case 0 when Held.Count > 0:
                var gone = Held.Keys.ElementAt(_random.Next(Held.Count));
                Held.Remove(gone);
                Ledger.Remove(gone);
                break;
            case 1 or 2 when Held.Count > 0:
                var changed = Held.Values.ElementAt(_random.Next(Held.Count));
                Enter(Become(changed with { Bytes = Math.Min(changed.Bytes, _random.Next(1, 60) * Make.GiB) }));
                break;
            case 3 when _random.Next(3) == 0:
                Claimed.Clear();
                Ledger.ReleaseClaims();
                var claimed = Gpus.Where(_ => _random.Next(10) == 0).Select(gpu => gpu.Id).ToList();
                Claimed.UnionWith(claimed);
                Ledger.Claim(claimed);
                break;
            default:
                Arrive();
                break;
        }
    }

    private void Arrive()
    {
        var first = Gpus[_random.Next(Gpus.Count)];
        var gpus = Gpus.Where(gpu => gpu.Node == first.Node && gpu.Type == first.Type).Take(_random.Next(1, 3)).Select(gpu => gpu.Id).ToList();
        var bytes = _random.Next(1, 60) * Make.GiB;
        if (gpus.TrueForAll(id => Held.Values.Where(holding => holding.Gpus.Contains(id)).Sum(holding => holding.Bytes) + bytes
            <= Gpus.Single(gpu => gpu.Id == id).MemoryBytes))
        {
            Enter(Become(new Holding($"r{_replicas++:000}", gpus, bytes, bytes, HoldingKind.Rising)));
        }
    }

    private Holding Become(Holding holding)
    {
        var kind = (HoldingKind)_random.Next(6);
        return holding with
        {
            Kind = kind,
            BytesAfter = kind is HoldingKind.Rising or HoldingKind.Kept ? holding.Bytes : Math.Min(holding.Bytes, _random.Next(3) * Make.GiB),
            WorthAwake = _random.Next(100) / 10.0,
            WorthAsleep = _random.Next(100) / 5.0,
            IsChanging = _random.Next(6) == 0,
        };
    }

    private void Enter(Holding holding)
    {
        Held[holding.Replica] = holding;
        Ledger.Put(holding);
    }
}
