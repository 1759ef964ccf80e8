using Podvirt.Laboratory;
using Podvirt.Laboratory.Policies;
using Podvirt.Laboratory.Simulation;

namespace Podvirt.Scheduler.Tests.Laboratory;

public class CurveTests
{
    [Fact]
    public void Between_IsOnTheLine_AndBelowTheFirstIsNothing()
    {
        var curve = new Curve([At(10, 100), At(20, 50), At(40, 10)]);
        Assert.Equal((75, 30, 10), (curve.At(15), curve.At(30), curve.At(99)));
        Assert.Null(curve.At(9.9));
    }

    [Fact]
    public void PointThatIsWorseInBoth_IsLeftOut()
    {
        var curve = new Curve([At(10, 100), At(20, 120), At(30, 50)]);
        Assert.Equal([(10, 100), (30, 50)], curve.Points);
    }

    private static Point At(double gpuHours, double waiting) =>
        new(new Experiment("", "", _ => new SwapPolicy()), gpuHours, waiting, 0, 0, 0, 0, 0, 0, 0,
            new Dictionary<RiseCause, double>(), new Dictionary<HoldingUse, double>());
}
