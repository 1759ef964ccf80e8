namespace Podvirt.Laboratory;

/// <summary>Waiting over gpu-hours, as one policy's knob turns. Points that another of its own points beats in both are left out.</summary>
internal sealed class Curve
{
    private readonly List<(double GpuHours, double Waiting)> _points = [];

    public Curve(IEnumerable<Point> points)
    {
        var least = double.PositiveInfinity;
        foreach (var point in points.OrderBy(point => point.GpuHours))
        {
            if (point.WaitingHours < least)
            {
                least = point.WaitingHours;
                _points.Add((point.GpuHours, point.WaitingHours));
            }
        }
    }

    public IReadOnlyList<(double GpuHours, double Waiting)> Points => _points;

    /// <summary>
    /// Waiting at so many gpu-hours, on straight lines between the points: the curves are hollow, so that this is never less
    /// than the truth. Null where the policy cannot do with so few; beyond its last point, that point's.
    /// </summary>
    public double? At(double gpuHours)
    {
        if (_points.Count == 0 || gpuHours < _points[0].GpuHours)
        {
            return null;
        }

        for (var i = 1; i < _points.Count; i++)
        {
            var (before, after) = (_points[i - 1], _points[i]);
            if (gpuHours <= after.GpuHours)
            {
                var part = (gpuHours - before.GpuHours) / (after.GpuHours - before.GpuHours);
                return before.Waiting + (part * (after.Waiting - before.Waiting));
            }
        }

        return _points[^1].Waiting;
    }
}
