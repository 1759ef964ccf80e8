using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;

namespace Podvirt.Messaging.Tests.Nats.Contracts;

/// <summary>One of each, with every field set to something of its own.</summary>
internal static class SampleMessages
{
    private static readonly DateTimeOffset s_time = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    public static ModelSpec Model { get; } = new()
    {
        Id = "a/b",
        Vendor = "v",
        Name = "n",
        Type = ModelType.VideoGeneration,
        Engine = new EngineSpec
        {
            Kind = EngineKind.VllmOmni,
            Model = "w",
            Args = ["--x", "1"],
            Env = new Dictionary<string, string> { ["K"] = "V" },
            Command = ["c"],
            ReadyPath = "/r",
            Url = new Uri("http://h:1/p"),
            ServedAs = "s",
            ApiKeyEnv = "E",
            StartTimeout = TimeSpan.FromSeconds(3),
            TokenTimeout = TimeSpan.FromSeconds(4),
        },
        Gpu = new GpuNeed(2, 3),
        Replicas = new ReplicaRange(4, 5, 6),
        Idle = new IdleSpec(TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(8)),
        Price = new PriceSpec(0.05m, 0.010000m, 1.2m, 0.3m, 4m),
        Video = new VideoSpec(["1x2"], [2.5m], 8m, 24),
        Revision = 9,
    };

    public static RouteTable Routes { get; } = new(1, 2,
    [
        new ModelRoute
        {
            Model = Model,
            Status = ModelStatus.WarmingUp,
            Replicas = [new ReplicaRoute("r", "http://a:1", "key", "s", 9, 6, ReplicaState.Draining, ["g1", "g2"], "H100")],
            WarmUp = new WarmUp("weights", s_time, s_time.AddSeconds(1), 10),
            Failure = new ModelFailure("code", "why", s_time.AddSeconds(2)),
            FailedReplicas = 11,
            StartupDurationMs = 12,
            ExpectedWaitMs = 13,
        },
    ]);

    public static FleetReport Fleet { get; } = new(3, 4,
        [new GpuReport("g1", 1, "node", "H100", true, 80, 40, 20, "r", true)],
        [
            new ReplicaReport(
                "r", "a/b", 9, ReplicaState.Sleeping, s_time, s_time.AddSeconds(-5), "phase", ["g1"], "H100", 21, 2, TransitionCause.Fairness, "why", 22),
        ]);

    public static ReplicaTransition Transition { get; } = new(
        5, 6, s_time, "a/b", 9, "r", ["g1"], ReplicaState.Active, "Sleep", ReplicaState.FallingAsleep, TransitionCause.Evicted, "why", 23,
        new EvictionNumbers("c/d", ["g1"], 24, 25, 26));

    public static GatewayReport Report { get; } = new("gw", 7, 8, [new ModelDemand("a/b", 1, 2, 3)], [new ReplicaLoad("r", 4)]);

    public static ReplicaTrouble Trouble { get; } = new("gw", "a/b", "r", TroubleKind.Stalled, "silent", 5);
}
