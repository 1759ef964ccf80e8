using Podvirt.Core.Gpus;
using Podvirt.Core.Models;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>Specs and devices with what a test cares about.</summary>
internal static class Make
{
    public const long GiB = 1L << 30;

    public static ModelSpec Model(
        string id, int gib = 20, int count = 1, int min = 0, int max = 1, int slots = 4,
        TimeSpan? sleepAfter = null, TimeSpan? stopAfter = null, EngineKind kind = EngineKind.Simulated, int revision = 1) => new()
        {
            Id = id,
            Name = id,
            Type = ModelType.Chat,
            Engine = new EngineSpec { Kind = kind, Model = "test/" + id },
            Gpu = new GpuNeed(count, gib * GiB),
            Replicas = new ReplicaRange(min, max, slots),
            Idle = new IdleSpec(sleepAfter, stopAfter),
            Revision = revision,
        };

    public static Catalog Catalog(params ModelSpec[] models) => new(1, models);

    public static IReadOnlyList<GpuDevice> Gpus(int count, int gib, string node = "box", string type = "SIM", int first = 0) =>
        [.. Enumerable.Range(first, count).Select(index => new GpuDevice($"SIM-{index}", index, node, type, gib * GiB, Simulated: true))];
}
