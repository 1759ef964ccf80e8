using CsCheck;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Tests.Idle;

public class ReuseCurveTests
{
    /// <summary>Whatever the gaps and the price: to stop where the index falls below it costs no more than any other time to stop.</summary>
    [Fact]
    public void StoppingByTheIndex_IsOptimal() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var random = new Random(seed);
        var mass = new double[GapBuckets.Count];
        for (var i = 0; i < random.Next(1, 30); i++)
        {
            mass[random.Next(mass.Length)] += random.NextDouble();
        }

        mass[random.Next(mass.Length)] += 0.01;
        var curve = ReuseCurve.Of(mass);
        var price = Math.Pow(10, (random.NextDouble() * 8) - 6);
        var stop = Enumerable.Range(0, GapBuckets.Count).FirstOrDefault(i => curve.At(GapBuckets.Start(i)) < price, GapBuckets.Count);
        var best = Enumerable.Range(0, GapBuckets.Count + 1).Min(end => Cost(mass, end, price));
        Assert.True(Cost(mass, stop, price) <= best * (1 + 1e-4), $"seed {seed}: {Cost(mass, stop, price)} at {stop}, the best is {best}");
    }, iter: 2000);

    [Fact]
    public void ModelWithARhythm_IsWorthMostJustBeforeItsReturn()
    {
        var own = new GapHistogram(IdleTuning.Default);
        var fleet = new FleetGaps();
        for (var i = 0; i < 50; i++)
        {
            own.Record(900);
        }

        var curve = ReuseCurve.Of(own, fleet, IdleTuning.Default);
        Assert.InRange(curve.At(30), 0.8 / 1000, 1.3 / 870);
        Assert.True(curve.At(700) > 3 * curve.At(30));
        Assert.True(curve.At(1300) < curve.At(30), "It did not come when it always does: who knows when.");
    }

    [Fact]
    public void WhoCannotGiveUp_HoldsForTheMeanTimeToTheReturn()
    {
        var mass = new double[GapBuckets.Count];
        mass[GapBuckets.Of(10)] = 3;
        mass[GapBuckets.Of(10_000)] = 1;
        var curve = ReuseCurve.Of(mass);
        var (soon, late) = (GapBuckets.Middle(GapBuckets.Of(10)), GapBuckets.Middle(GapBuckets.Of(10_000)));
        Assert.Equal(4 / ((3 * soon) + late), curve.AtLast(0), tolerance: 1e-9);
        Assert.True(curve.At(0) > 100 * curve.AtLast(0), "To give up when the soon ones are over costs little.");
        Assert.Equal(curve.At(1000), curve.AtLast(1000), tolerance: 1e-9);
        Assert.Equal(0, curve.AtLast(1e6));
    }

    [Fact]
    public void ModelThatIsNew_IsJudgedByTheFleet()
    {
        var fleet = new FleetGaps();
        for (var i = 0; i < 200; i++)
        {
            fleet.Record(last: 30, seconds: 30);
            fleet.Record(last: 7200, seconds: 7200);
        }

        var (frequent, rare) = (new GapHistogram(IdleTuning.Default), new GapHistogram(IdleTuning.Default));
        frequent.Record(30);
        rare.Record(7200);
        Assert.True(
            ReuseCurve.Of(frequent, fleet, IdleTuning.Default).At(0) > 20 * ReuseCurve.Of(rare, fleet, IdleTuning.Default).At(0));
    }

    /// <summary>Giving up at the beginning of this bucket: what is held until then, and one return missed for each later gap.</summary>
    private static double Cost(double[] mass, int end, double price)
    {
        var cost = 0.0;
        var until = end == GapBuckets.Count ? GapBuckets.Middle(GapBuckets.Count - 1) : GapBuckets.Start(end);
        for (var i = 0; i < mass.Length; i++)
        {
            cost += mass[i] * (i < end ? price * GapBuckets.Middle(i) : (price * until) + 1);
        }

        return cost;
    }
}
