using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Metering.GpuTime;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.GpuTime;

public sealed class GpuTimelineTests
{
    private static readonly DateTimeOffset s_noon = Sample.Noon;

    private readonly GpuTimeline _timeline = new(s_noon);

    [Fact]
    public void Life_IsCutByStateAndHour()
    {
        Go("r1", 5, null, ReplicaState.Placing);
        Go("r1", 6, ReplicaState.Placing, ReplicaState.Starting);
        Go("r1", 10, ReplicaState.Starting, ReplicaState.Active);
        Go("r1", 130, ReplicaState.Active, ReplicaState.Draining);
        Go("r1", 131, ReplicaState.Draining, ReplicaState.FallingAsleep);
        Go("r1", 140, ReplicaState.FallingAsleep, ReplicaState.Sleeping);
        Go("r1", 150, ReplicaState.Sleeping, ReplicaState.Stopping);
        Go("r1", 151, ReplicaState.Stopping, null);

        Assert.Equal(
            [
                (GpuUse.Warming, 5, 6), (GpuUse.Warming, 6, 10),
                (GpuUse.Active, 10, 60), (GpuUse.Active, 60, 120), (GpuUse.Active, 120, 130), (GpuUse.Active, 130, 131),
                (GpuUse.Sleeping, 131, 140), (GpuUse.Sleeping, 140, 150),
            ],
            Cut(200));
    }

    [Fact]
    public void OpenInterval_GrowsFromTheSameStart()
    {
        Go("r1", 50, null, ReplicaState.Active);
        Assert.Equal([(GpuUse.Active, 50, 55)], Cut(55));
        Assert.Equal([(GpuUse.Active, 50, 58)], Cut(58));
        Assert.Equal([(GpuUse.Active, 50, 60), (GpuUse.Active, 60, 70)], Cut(70));
    }

    [Fact]
    public void WhatIsNotWritten_StaysAndDoesNotPileUp()
    {
        Go("r1", 10, null, ReplicaState.Active);
        for (var minute = 11; minute < 50; minute++)
        {
            Assert.Single(_timeline.Cut(s_noon.AddMinutes(minute)));
        }
    }

    [Fact]
    public void EarlierThanTheProcess_IsNotCountedAgain()
    {
        _timeline.Apply(Report(("r1", ReplicaState.Active, -30)), s_noon.AddMinutes(1));
        Assert.Equal([(GpuUse.Active, 0, 5)], Cut(5));
    }

    [Fact]
    public void LostTransitions_AreHealedByReports()
    {
        Go("r1", 5, null, ReplicaState.Active);
        _timeline.Apply(Report(("r1", ReplicaState.Sleeping, 20), ("r2", ReplicaState.Warming, 15)), s_noon.AddMinutes(21));
        Assert.Equal([(GpuUse.Active, 5, 20), (GpuUse.Sleeping, 20, 30), (GpuUse.Warming, 15, 30)], Cut(30));

        // Of the two that are gone one report says nothing: it may be older than they are.
        _timeline.Apply(Report(), s_noon.AddMinutes(31));
        Assert.Equal(2, Cut(32).Count);
        _timeline.Apply(Report(), s_noon.AddMinutes(33));
        Cut(33);
        Assert.Empty(Cut(40));
    }

    [Fact]
    public void ReportOlderThanTheLastTransition_ChangesNothing()
    {
        Go("r1", 5, null, ReplicaState.Starting);
        Go("r1", 10, ReplicaState.Starting, ReplicaState.Active);
        _timeline.Apply(Report(("r1", ReplicaState.Starting, 5)), s_noon.AddMinutes(11));
        Assert.Equal([(GpuUse.Warming, 5, 10), (GpuUse.Active, 10, 20)], Cut(20));
    }

    [Fact]
    public void ClockSetBack_CountsNothingTwiceAndNothingNegative()
    {
        Go("r1", 30, null, ReplicaState.Active);
        Go("r1", 20, ReplicaState.Active, ReplicaState.Sleeping);
        Assert.Empty(Cut(25));
        Assert.Equal([(GpuUse.Sleeping, 30, 40)], Cut(40));
    }

    [Fact]
    public void ReplicaWithoutGpus_HasNoGpuTime()
    {
        _timeline.Apply(Transition("r1", 5, null, ReplicaState.Active) with { Gpus = [] });
        Assert.Empty(Cut(10));
    }

    private void Go(string replica, int minute, ReplicaState? from, ReplicaState? to) => _timeline.Apply(Transition(replica, minute, from, to));

    private static ReplicaTransition Transition(string replica, int minute, ReplicaState? from, ReplicaState? to) => new(
        1, 1, s_noon.AddMinutes(minute), "m", 2, replica, ["GPU-1", "GPU-2"], from, "Test", to, TransitionCause.Demand, "", 0, null);

    private static FleetReport Report(params (string Id, ReplicaState State, int Since)[] replicas) => FleetReport.Empty with
    {
        Replicas = [.. replicas.Select(r => new ReplicaReport(
            r.Id, "m", 2, r.State, s_noon.AddMinutes(r.Since), s_noon, null, ["GPU-1", "GPU-2"], "H100", 0, null, TransitionCause.Demand, ""))],
    };

    private List<(GpuUse Use, int From, int To)> Cut(int minute)
    {
        var intervals = _timeline.Cut(s_noon.AddMinutes(minute));
        _timeline.Kept(intervals);
        Assert.All(intervals, i => Assert.Equal(("m", 2, 2), (i.Model, i.Revision, i.Gpus)));
        return [.. intervals.Select(i => (i.Use, (int)(i.From - s_noon).TotalMinutes, (int)(i.To - s_noon).TotalMinutes))];
    }
}
