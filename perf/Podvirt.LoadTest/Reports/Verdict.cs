namespace Podvirt.LoadTest.Reports;

internal enum Finding
{
    Met,
    Missed,

    /// <summary>The run says nothing about it, and the figure says why.</summary>
    NotMeasured,
}

/// <param name="What">The property.</param>
/// <param name="Target">What was asked for.</param>
/// <param name="Figure">What was seen.</param>
internal sealed record Verdict(string What, string Target, string Figure, Finding Finding)
{
    public static Verdict Of(string what, string target, string figure, bool isMet) => new(what, target, figure, isMet ? Finding.Met : Finding.Missed);

    /// <summary>At most so many times the yardstick's.</summary>
    /// <param name="unit">Of both figures.</param>
    public static Verdict Ratio(string what, double value, string yardstick, double yardstickValue, double atMost, string unit)
    {
        var target = $"at most {atMost:0.0#} × {yardstick}";
        return yardstickValue > 0
            ? Of(what, target, $"{value / yardstickValue:0.00} × ({value:0.0} : {yardstickValue:0.0} {unit})", value <= atMost * yardstickValue)
            : new Verdict(what, target, $"{yardstick}'s figure is not above the direct connection's in this run ({value:0.0} : {yardstickValue:0.0} {unit})", Finding.NotMeasured);
    }
}
