using Podvirt.Laboratory.Traces;

namespace Podvirt.Laboratory.Reports;

/// <summary>All that a run has to say.</summary>
internal sealed record LaboratoryReport(
    TraceSettings Settings, int[] TuningSeeds, int[] Seeds, TuningChoice Choice, IReadOnlyList<Point> Points, TimeSpan Took)
{
    /// <summary>At equal gpu-hours, at least this much less waiting than the best fixed time-out.</summary>
    public const double ReductionMin = 0.3;

    public IReadOnlyList<Point> Of(params string[] families) =>
        [.. Points.Where(point => families.Contains(point.Experiment.Family, StringComparer.Ordinal))];

    public Curve CurveOf(params string[] families) => new(Of(families));

    /// <summary>
    /// At every point of a fixed time-out that no other one beats: its own waiting, as measured, and the others' on their
    /// interpolated curves.
    /// </summary>
    public IReadOnlyList<Comparison> Compare()
    {
        var (podvirt, swap, oracle) = (CurveOf(Families.Podvirt), CurveOf(Families.Swap), CurveOf(Families.Oracle));
        var best = CurveOf(Families.FixedStop, Families.FixedSleep);
        return
        [
            .. from point in Of(Families.FixedStop, Families.FixedSleep).OrderBy(point => point.GpuHours)
               where best.At(point.GpuHours) * (1 + 1e-9) >= point.WaitingHours
               select new Comparison(
                   $"{point.Experiment.Family} {point.Experiment.Knob}", point.GpuHours, point.WaitingHours, podvirt.At(point.GpuHours),
                   swap.At(point.GpuHours), oracle.At(point.GpuHours)),
        ];
    }
}

/// <summary>Hours of waiting at equal gpu-hours; null where a policy cannot do with so few.</summary>
internal sealed record Comparison(string Name, double GpuHours, double Fixed, double? Podvirt, double? Swap, double? Oracle)
{
    public double? Reduction => Podvirt is { } waiting ? 1 - (waiting / Fixed) : null;
}
