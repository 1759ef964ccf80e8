using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Gpus that come, and those where nothing can be started for now.</summary>
internal sealed partial class LifecycleLoop
{
    private IReadOnlyList<GpuDevice> _gpus;
    private IReadOnlySet<string> _away = new HashSet<string>();

    private void ApplyFleet(FleetChanged changed)
    {
        _isUnshown = true;
        _away = changed.Fleet.Away;
        if (changed.Fleet.Gpus.SequenceEqual(_gpus))
        {
            return;
        }

        _gpus = changed.Fleet.Gpus;
        _ledger = new MemoryLedger(_gpus, changed.HostBytes);
        TouchAll();
        foreach (var entry in _models.Values)
        {
            entry.Unschedulable = WhyNever(entry.Spec);
        }
    }

    /// <summary>Null: it can run here.</summary>
    private string? WhyNever(ModelSpec spec) => spec.Engine.Kind == EngineKind.External
        ? null
        : Planner.WhyNever(_gpus, spec.Gpu.Count, spec.Gpu.MemoryBytes, EngineTraits.NeedsSimulatedGpu(spec));
}
