using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Gateway;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Microbenchmarks;

/// <summary>From a session to its replica, every replica half full.</summary>
public class RoutingBenchmarks : IDisposable
{
    private const int Slots = 64;

    private readonly List<Lease> _held = [];
    private ModelDispatcher? _dispatcher;
    private ReplicaSlots[] _replicas = [];
    private ulong _session;

    [Params(2, 8, 64)]
    public int Replicas { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var options = new GatewayOptions();
        var connector = new UpstreamConnector(options, new SocketTransport(), TimeProvider.System);
        var replicas = Enumerable.Range(0, Replicas).Select(i => new ReplicaRoute(
            $"replica-{i}", $"http://127.0.0.1:{40_000 + i}", "", "m", Revision: 1, Slots, ReplicaState.Active, [], "H100"));
        var route = new ModelRoute
        {
            Model = new ModelSpec { Id = "m", Name = "m", Vendor = "v", Type = ModelType.Chat, Engine = new EngineSpec { Kind = EngineKind.External } },
            Status = ModelStatus.Active,
            Replicas = [.. replicas],
        };
        _dispatcher = new ModelDispatcher(route, options, connector, TimeProvider.System, static () => { });
        _dispatcher.Update(route);
        for (var i = 0; i < Replicas * Slots / 2; i++)
        {
            _held.Add(_dispatcher.TryLease(unchecked((ulong)i * 0x9E3779B97F4A7C15UL), []) ?? throw new InvalidOperationException("No replica is free."));
        }
        _replicas = [.. _held.Select(l => l.Replica).Distinct()];
    }

    /// <summary>The choice alone.</summary>
    [Benchmark]
    public object? Choose() => ReplicaChoice.Choose(_replicas, _session++, bound: 1.25, Stopwatch.GetTimestamp(), []);

    /// <summary>With lock, counts and the lease, and giving it back.</summary>
    [Benchmark]
    public void LeaseAndReturn() => _dispatcher!.TryLease(_session++, [])!.Dispose();

    [GlobalCleanup]
    public void Dispose()
    {
        _held.ForEach(l => l.Dispose());
        GC.SuppressFinalize(this);
    }
}
