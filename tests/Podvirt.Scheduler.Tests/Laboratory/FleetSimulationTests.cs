using Podvirt.Laboratory.Policies;
using Podvirt.Laboratory.Simulation;
using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Tests.Laboratory;

public class FleetSimulationTests
{
    private static readonly TraceSettings Small = new(Models: 120, Nodes: 2, Days: 2, RequestsPerDay: 6_000);

    [Fact]
    public void SameSeed_GivesTheSameTraceAndOutcome()
    {
        var (one, two) = (Run(Worth, seed: 5), Run(Worth, seed: 5));
        Assert.Equal(
            (one.Requests, one.WaitingSeconds, one.GpuSeconds, one.Starts, one.Wakes), (two.Requests, two.WaitingSeconds, two.GpuSeconds, two.Starts, two.Wakes));
        Assert.NotEqual(one.WaitingSeconds, Run(Worth, seed: 6).WaitingSeconds);
    }

    [Theory]
    [InlineData("worth")]
    [InlineData("stop")]
    [InlineData("sleep")]
    [InlineData("swap")]
    [InlineData("oracle")]
    public void EveryPolicy_ServesEveryRequest_WithinTheFleet(string name)
    {
        var trace = Trace.Make(3, Small);
        var outcome = new FleetSimulation(trace, Make(name, trace), Small.Nodes).Run();
        var measured = trace.Arrivals.Count(arrival => arrival.At >= TraceSettings.WarmUpSeconds);
        Assert.Equal(measured, outcome.Requests);
        Assert.InRange(outcome.GpuHours, 1, 24.0 * Small.Nodes * TraceSettings.GpusPerNode);
        Assert.InRange(outcome.Wait(0.99), 0, 3600);
        Assert.Equal(outcome.WaitingHours, Enum.GetValues<RiseCause>().Sum(outcome.Breakdown.WaitingHours), 3);
        Assert.Equal(outcome.GpuHours, Enum.GetValues<HoldingUse>().Sum(outcome.Breakdown.GpuHours), 3);
    }

    [Fact]
    public void LongerTimeOut_HoldsMore_AndWaitsLess()
    {
        var (brief, lasting) = (Run(_ => new FixedPolicy(null, 5)), Run(_ => new FixedPolicy(null, 900)));
        Assert.True(brief.GpuSeconds < lasting.GpuSeconds);
        Assert.True(brief.WaitingSeconds > lasting.WaitingSeconds);
    }

    [Fact]
    public void HigherPrice_HoldsLess_AndWaitsMore()
    {
        var (dear, cheap) = (Run(_ => new WorthPolicy(3, 16, IdleTuning.Default)), Run(_ => new WorthPolicy(0.001, 16, IdleTuning.Default)));
        Assert.True(dear.GpuSeconds < cheap.GpuSeconds);
        Assert.True(dear.WaitingSeconds > cheap.WaitingSeconds);
    }

    private static Outcome Run(Func<Trace, IMemoryPolicy> make, int seed = 4)
    {
        var trace = Trace.Make(seed, Small);
        return new FleetSimulation(trace, make(trace), Small.Nodes).Run();
    }

    private static IMemoryPolicy Worth(Trace trace) => new WorthPolicy(0.02, 16, IdleTuning.Default);

    private static IMemoryPolicy Make(string name, Trace trace) => name switch
    {
        "worth" => Worth(trace),
        "stop" => new FixedPolicy(null, 60),
        "sleep" => new FixedPolicy(60, 900),
        "swap" => new SwapPolicy(),
        _ => new OraclePolicy(0.02, trace),
    };
}
