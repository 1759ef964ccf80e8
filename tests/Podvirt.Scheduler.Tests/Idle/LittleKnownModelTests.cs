using Podvirt.Core.Models;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Tests.Idle;

/// <summary>A model of which little is known, alone on its machine, at the default price.</summary>
public class LittleKnownModelTests
{
    private const double ResidueGpus = 1.4 / 80;

    /// <summary>With times as assumed, and as measured on simulated engines; with no gaps, and with a few short ones.</summary>
    [Theory]
    [InlineData(20.0, null, null, 0, 0.0)]
    [InlineData(20.0, 2.6, 0.4, 0, 0.0)]
    [InlineData(72.0, null, null, 0, 0.0)]
    [InlineData(72.0, 2.6, 0.4, 0, 0.0)]
    [InlineData(72.0, 2.6, 0.4, 3, 15.0)]
    [InlineData(72.0, null, null, 3, 15.0)]
    [InlineData(40.0, 30.0, 2.0, 1, 2.0)]
    [InlineData(40.0, 30.0, 2.0, 3, 40.0)]
    public void ServesForAboutAMinute_ThenSleepsForAQuarterOfAnHourAtLeast(double gib, double? start, double? wake, int gaps, double seconds)
    {
        var use = new UseHistory(IdleTuning.Default);
        var fleet = new FleetGaps();
        for (var i = 0; i < gaps; i++)
        {
            use.Used(seconds, fleet);
        }

        var price = new SchedulerOptions().MemoryPrice;
        var costs = ModelCosts.Of(start, wake, gib / 80, ResidueGpus, use.FollowersPerSecond, canSleep: true);

        Assert.All([0, 10, 30, 45], idle => Assert.Equal(IdleDecision.Stay, Decide(idle, isAsleep: false)));
        Assert.Equal(IdleDecision.Sleep, Decide(120, isAsleep: false));
        Assert.All([60, 300, 900], idle => Assert.Equal(IdleDecision.Stay, Decide(idle, isAsleep: true)));
        Assert.Contains(Enumerable.Range(1, 7 * 24), hours => Decide(hours * 3600, isAsleep: true) == IdleDecision.Stop);

        IdleDecision Decide(int idle, bool isAsleep) => IdlePolicy.Decide(
            IdleSpec.Auto, TimeSpan.FromSeconds(idle), Worth.Of(use.Curve(fleet).At(idle), costs, price, IdleTuning.Default), price, isAsleep,
            canSleep: true);
    }
}
