using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Placement;
using Podvirt.Scheduler.Runtimes.Nomad;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Where Nomad hands out the gpus: whole ones, and it chooses which.</summary>
internal sealed partial class LifecycleLoop
{
    private bool HasWholeGpus => _options.Nomad?.Placement == NomadPlacement.Exclusive;

    /// <summary>What it lacks on each gpu to be awake again.</summary>
    private long WakeBytes(Replica sleeper) =>
        HasWholeGpus ? 0 : Math.Max(0, sleeper.Model.Gpu.MemoryBytes - sleeper.ResidueBytes);

    /// <summary>Awake or asleep it has its gpus to itself, until it is gone.</summary>
    private static Holding Whole(Replica replica, Holding holding)
    {
        var all = replica.Gpus.Min(gpu => gpu.MemoryBytes);
        var goes = holding.BytesAfter == 0 && holding.Kind is HoldingKind.Leaving or HoldingKind.Sleeping or HoldingKind.Rising;
        return holding with
        {
            Bytes = all,
            BytesAfter = goes ? 0 : all,
            ExpectedBytes = 0,
            AwakeBytes = holding.AwakeBytes > 0 ? all : 0,
        };
    }

    /// <summary>It runs on other gpus than those that it was placed on: these are free again, and those are taken.</summary>
    /// <param name="ids">Null: it runs where it was placed.</param>
    private void Settle(Replica replica, IReadOnlyList<string>? ids)
    {
        if (ids is null || ids.Order(StringComparer.Ordinal).SequenceEqual(replica.GpuIds.Order(StringComparer.Ordinal)))
        {
            return;
        }

        List<GpuDevice> gpus = [.. _settings.Gpus.Where(gpu => ids.Contains(gpu.Id))];
        if (gpus.Count != ids.Count)
        {
            Break(replica, $"it runs on gpus that no node agent tells of: {string.Join(", ", ids)}");
            return;
        }

        _ledger.Remove(replica.Id);
        _index.Remove(replica);
        replica.MoveTo(gpus);
        _index.Add(replica);
        _touched.Add(replica);
        _isUnshown = true;
    }
}
