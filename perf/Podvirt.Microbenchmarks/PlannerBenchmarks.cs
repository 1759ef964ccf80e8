using BenchmarkDotNet.Attributes;
using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Microbenchmarks;

/// <summary>
/// One planning decision in a full fleet of ten models for each gpu: the ledger learns of a change, and the next replica is
/// placed. Ten times the fleet shows how the cost grows.
/// </summary>
public class PlannerBenchmarks
{
    private const long GiB = 1L << 30;
    private const int GpusPerNode = 8;

    private MemoryLedger _ledger = new([]);
    private Holding[] _holdings = [];
    private PlacementRequest[] _fits = [];
    private PlacementRequest[] _evictions = [];
    private int _next;

    [Params(100, 1_000, 10_000)]
    public int Gpus { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var random = new Random(1);
        GpuDevice[] gpus = [.. Enumerable.Range(0, Gpus).Select(i => new GpuDevice(
            $"GPU-{i}", i % GpusPerNode, $"node-{i / GpusPerNode}", "H100", 80 * GiB, Simulated: false))];
        _ledger = new MemoryLedger(gpus);
        // On each gpu one or two that serve and, beside them, sleepers.
        _holdings = [.. gpus.SelectMany(gpu => Enumerable.Range(0, 10).Select(i => Make(random, gpu, i)))];
        Array.ForEach(_holdings, _ledger.Put);
        _fits = [.. Enumerable.Range(0, 1024).Select(_ => new PlacementRequest(1, random.Next(1, 6) * GiB, EvictionScope.None))];
        _evictions = [.. Enumerable.Range(0, 1024).Select(i => new PlacementRequest(
            i % 16 == 0 ? 2 : 1, random.Next(20, 75) * GiB, EvictionScope.Idle))];
    }

    [Benchmark]
    public object ChangeAndFit() => Decide(_fits);

    [Benchmark]
    public object ChangeAndEvict() => Decide(_evictions);

    private PlacementDecision Decide(PlacementRequest[] requests)
    {
        _next = (_next + 7919) % _holdings.Length;
        var holding = _holdings[_next];
        _holdings[_next] = holding with { WorthAwake = holding.WorthAwake * 1.01, WorthAsleep = holding.WorthAsleep * 0.99 };
        _ledger.Put(_holdings[_next]);
        return Planner.Decide(_ledger, requests[_next & 1023]);
    }

    private static Holding Make(Random random, GpuDevice gpu, int i)
    {
        var serves = i < 2;
        var awake = random.Next(10, 32) * GiB;
        var bytes = serves ? awake : (long)(1.4 * GiB);
        var kind = serves ? (random.Next(3) == 0 ? HoldingKind.Busy : HoldingKind.Idle) : HoldingKind.Sleeping;
        return new Holding(
            $"{gpu.Id}-{i}", [gpu.Id], bytes, serves ? (long)(1.4 * GiB) : 0, kind, random.NextDouble(), 1 + random.NextDouble(),
            AwakeBytes: awake);
    }
}
