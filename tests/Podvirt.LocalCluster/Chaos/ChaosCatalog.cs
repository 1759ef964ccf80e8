using Podvirt.LocalCluster.Chaos.Load;

namespace Podvirt.LocalCluster.Chaos;

/// <summary>
/// The catalog of a chaos run: three models that do not fit on the gpus together, one always up and two that come and go, with time-outs short enough to be met.
/// </summary>
internal static class ChaosCatalog
{
    public const long GpuBytes = 80L << 30;

    public static TimeSpan Lease { get; } = TimeSpan.FromSeconds(3);

    public static IReadOnlyList<ChaosModel> Models { get; } =
    [
        new("steady", Callers: 6, TimeSpan.FromMilliseconds(200)),
        new("sleepy", Callers: 2, TimeSpan.FromSeconds(6)),
        new("rare", Callers: 1, TimeSpan.FromSeconds(12)),
    ];

    public static string Yaml { get; } = $$"""
        gpus:
          simulated: { count: 2, type: H100, memory: 80GiB }
        limits: { max_wait: 20s, drain: 5s }
        gateway: { connect_timeout: 2s, head_timeout: 30s }
        scheduler: { residency_min: 1s }
        models:
        {{Model("steady", "{ min: 1, max: 2, concurrency: 16 }", "auto")}}
        {{Model("sleepy", "{ max: 1, concurrency: 16 }", "{ sleep_after: 1s, stop_after: 1m }")}}
        {{Model("rare", "{ max: 1, concurrency: 16 }", "{ sleep_after: 1s, stop_after: 5s }")}}
        """;

    private static string Model(string id, string replicas, string idle) => $$"""
          - id: {{id}}
            type: chat
            engine:
              kind: simulated
              model: tests/{{id}}
              args: [--sim-load-weights, 300ms, --sim-load-compile, 100ms, --sim-load-graphs, 100ms, --sim-ttft, 20ms, --sim-token-time, 10ms]
              token_timeout: 10s
              start_timeout: 1m
            gpu: { count: 1, memory: 50GiB }
            replicas: {{replicas}}
            idle: {{idle}}
            price: { prompt: 0.1, cached: 0.02, completion: 0.3 }
        """;
}
