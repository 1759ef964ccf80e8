using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>Who leads when something goes wrong with whoever does, and what becomes of the engines.</summary>
public sealed class LeadershipTests : IAsyncDisposable
{
    private readonly LeadershipWorld _world = new(1, Make.Model("a", gib: 40), Make.Model("b", gib: 30));
    private Candidate _first = null!;
    private Candidate _second = null!;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task OneOfTwo_Leads()
    {
        await BeginAsync();
        await _world.PassAsync(TimeSpan.FromSeconds(30));
        Assert.True(_first.Leads);
        Assert.Equal((SchedulerRole.Standby, 1L, "first"), (_second.Service.Current.Role, _second.Service.Current.Epoch, _second.Service.Current.Leader));
        Assert.Equal(1, _world.Routes.Epoch);
    }

    [Fact]
    public async Task LeaderIsKilled_StandbyTakesOverWithinTwoPeriods_AndKeepsWhatServes()
    {
        var engine = await ServeAsync();
        _world.Watch = () => Assert.True(_world.Route("a").Replicas.Any(replica => replica.Admits), $"gateways lost a at {_world.Now}");

        _first.Kill();
        await _world.UntilLeadsAsync(_second, seconds: 2 * _world.Leases.Period.TotalSeconds);
        await _world.UntilAsync(() => _world.Routes.Epoch == 2, "the new leader's routes", seconds: 3);
        await _world.PassAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(engine, _world.Engines.Only("a"));
        Assert.Empty(_second.Done);
        _world.Demand = [new ModelDemand("a", 0, 0, 1), new ModelDemand("b", 1, 0, 0)];
        await _world.UntilServesAsync("b");
        Assert.Equal(IntentEffect.Start, Assert.Single(_second.Done).Effect);
    }

    [Fact]
    public async Task LeaderLeavesInOrder_StandbyTakesOverAtOnce_AndEnginesGoOn()
    {
        var engine = await ServeAsync();
        await _first.Service.StopAsync(CancellationToken.None);
        var took = await _world.UntilLeadsAsync(_second);
        Assert.True(took <= TimeSpan.FromMilliseconds(300), $"took {took}");
        Assert.Equal(engine, _world.Engines.Only("a"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task GatewayWorksByRoutesThatTheStoreHasForgotten_TheNextEpochIsAboveThem(long epoch)
    {
        var engine = await ServeAsync();
        var ahead = new GatewayReport("g2", epoch, 1_000, [], []);
        _world.Watch = () => _world.Bus.PublishAsync(Subjects.GatewayReports, ahead).AsTask().GetAwaiter().GetResult();

        await _world.UntilAsync(() => _world.Routes.Epoch > epoch, "routes that it hears", seconds: 5 * _world.Leases.Period.TotalSeconds);

        await _world.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(epoch + 1, _world.Leader!.Service.Current.Epoch);
        Assert.Equal(engine, _world.Engines.Only("a"));
    }

    [Theory]
    [InlineData(nameof(CandidateGate.Cut.Fails))]
    [InlineData(nameof(CandidateGate.Cut.Hangs))]
    public async Task LeaderIsCutOffFromTheStores_StepsDownBeforeAnotherLeads_AndStandsByAfterwards(string cut)
    {
        var engine = await ServeAsync();
        _first.Gate.CutOff(Enum.Parse<CandidateGate.Cut>(cut));
        await _world.UntilAsync(() => _first.Service.Current.Role == SchedulerRole.Standby, "the first steps down", _world.Leases.Period.TotalSeconds);
        Assert.False(_second.Leads);
        await _world.UntilLeadsAsync(_second);

        _first.Gate.CutOff(CandidateGate.Cut.None);
        await _second.Service.StopAsync(CancellationToken.None);
        await _world.UntilLeadsAsync(_first);
        Assert.Equal(3, _first.Service.Current.Epoch);
        await _world.UntilAsync(() => _world.Routes.Epoch == 3, "its routes");
        Assert.Equal(engine, _world.Engines.Only("a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task LeaderIsPausedForLongerThanItsLease_WhatItHadQueuedIsRefused(bool isClockFrozenToo)
    {
        await ServeAsync();
        _first.Gate.Pause();
        // It decides to start b, and is stopped before it can say so.
        _world.Demand = [new ModelDemand("a", 0, 0, 1), new ModelDemand("b", 1, 0, 0)];
        await _world.UntilLeadsAsync(_second);
        await _world.UntilServesAsync("b");
        var engine = _world.Engines.Only("b");

        if (isClockFrozenToo)
        {
            _first.ResumeFrozen();
        }
        else
        {
            _first.Resume();
        }

        await _world.UntilAsync(() => _first.Service.Current.Role == SchedulerRole.Standby, "the first stands by");
        await _world.PassAsync(TimeSpan.FromSeconds(10));
        Assert.True(_second.Leads);
        Assert.Equal(engine, _world.Engines.Only("b"));
        Assert.Equal(2, _world.Engines.All.Count);
        // The first one's start of a is the only thing that it ever did.
        Assert.Single(_world.Engines.Done, done => done.Epoch == 1);
        Assert.Contains(_first.Log.Lines, line => line.Contains("the Start of replica", StringComparison.Ordinal) && line.Contains("is refused", StringComparison.Ordinal));
    }

    [Fact]
    public async Task LeadThatChangesHandsAgainAndAgain_LeavesTheEnginesAlone()
    {
        var engine = await ServeAsync();
        _world.Watch = () => Assert.True(_world.Route("a").Replicas.Any(replica => replica.Admits), $"gateways lost a at {_world.Now}");
        var (leader, standby) = (_first, _second);
        for (var round = 0; round < 6; round++)
        {
            leader.Gate.CutOff(round % 2 == 0 ? CandidateGate.Cut.Fails : CandidateGate.Cut.Hangs);
            await _world.UntilLeadsAsync(standby);
            leader.Gate.CutOff(CandidateGate.Cut.None);
            (leader, standby) = (standby, leader);
        }

        await _world.UntilAsync(() => _world.Routes.Epoch == 7, "the last leader's routes");
        Assert.Equal(engine, _world.Engines.Only("a"));
        Assert.Single(_world.Engines.Done);
    }

    [Fact]
    public async Task StoreThatIsDownForLessThanTheLease_CostsNothing()
    {
        await ServeAsync();
        _first.Gate.CutOff(CandidateGate.Cut.Hangs);
        _world.Demand = [new ModelDemand("a", 0, 0, 1), new ModelDemand("b", 1, 0, 0)];
        await _world.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Single(_world.Engines.All);
        _first.Gate.CutOff(CandidateGate.Cut.None);
        await _world.UntilServesAsync("b");
        Assert.True(_first.Leads);
        Assert.Equal(1, _first.Service.Current.Epoch);
    }

    private async Task BeginAsync()
    {
        _first = await _world.AddAsync("first");
        await _world.UntilLeadsAsync(_first, seconds: 1);
        _second = await _world.AddAsync("second");
    }

    private async Task<SharedEngine> ServeAsync()
    {
        await BeginAsync();
        _world.Demand = [new ModelDemand("a", 0, 0, 1)];
        await _world.UntilServesAsync("a");
        return _world.Engines.Only("a");
    }
}
