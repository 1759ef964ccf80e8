using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;

namespace Podvirt.Tests.Fleet;

/// <summary>Transitions with what a test cares about.</summary>
internal static class Transitions
{
    /// <summary>The replica is named by the number.</summary>
    public static ReplicaTransition Of(string model, long sequence, long epoch = 1_000_000) => new(
        epoch, sequence, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), model, 1, $"r{sequence}", ["SIM-0"],
        ReplicaState.Active, "Fence", ReplicaState.Draining, TransitionCause.Evicted, "b needs more", 1500,
        new EvictionNumbers("b", ["SIM-0"], 50L << 30, 20L << 30, 58L << 30));
}
