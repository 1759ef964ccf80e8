using Podvirt.Laboratory.Policies;
using Podvirt.Laboratory.Simulation;
using Podvirt.Laboratory.Traces;

namespace Podvirt.Laboratory;

/// <summary>One policy at one setting of its knob.</summary>
/// <param name="Family">Whose curve it is a point of.</param>
/// <param name="Knob">The setting, for people.</param>
/// <param name="FleetShare">Of the trace's nodes; the knob of swapping on demand.</param>
internal sealed record Experiment(string Family, string Knob, Func<Trace, IMemoryPolicy> Make, double FleetShare = 1)
{
    public Outcome Run(Trace trace) =>
        new FleetSimulation(trace, Make(trace), Math.Max(1, (int)Math.Round(trace.Settings.Nodes * FleetShare))).Run();
}

/// <summary>What an experiment measured, summed over the seeds.</summary>
/// <param name="GpuHours">The integral of the memory that is held, in whole gpus.</param>
/// <param name="WaitingHours">Of all requests together.</param>
/// <param name="Causes">Hours of waiting.</param>
/// <param name="Uses">Gpu-hours.</param>
/// <param name="P50">Of all requests, in seconds; a mean of the seeds.</param>
internal sealed record Point(
    Experiment Experiment, double GpuHours, double WaitingHours, double ColdShare, double WokenShare, double P50, double P99,
    double Starts, double Evictions, double DecisionP99,
    IReadOnlyDictionary<RiseCause, double> Causes, IReadOnlyDictionary<HoldingUse, double> Uses)
{
    public static Point Of(Experiment experiment, IReadOnlyList<Outcome> outcomes) => new(
        experiment, outcomes.Average(o => o.GpuHours), outcomes.Average(o => o.WaitingHours), outcomes.Average(o => o.ColdShare),
        outcomes.Average(o => o.WokenShare), outcomes.Average(o => o.Wait(0.5)), outcomes.Average(o => o.Wait(0.99)),
        outcomes.Average(o => o.Starts), outcomes.Average(o => o.Evictions), outcomes.Max(o => o.DecisionMicroseconds(0.99)),
        Enum.GetValues<RiseCause>().ToDictionary(cause => cause, cause => outcomes.Average(o => o.Breakdown.WaitingHours(cause))),
        Enum.GetValues<HoldingUse>().ToDictionary(use => use, use => outcomes.Average(o => o.Breakdown.GpuHours(use))));
}
