using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class FailureTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly ModelDemand Waiting = new("a", 1, 0, 0);

    private readonly LoopWorld _world = new(Make.Gpus(2, 80));

    [Fact]
    public void FailedStart_BacksOff_Doubling_UntilASuccess()
    {
        _world.Apply(Make.Model("a"));
        _world.Report(Waiting);
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 60, 60 })
        {
            _world.FailStart("a", "exit code 1: ValueError: no");
            var failure = _world.Route("a").Failure;
            Assert.Equal(ModelStatus.Failed, _world.Route("a").Status);
            Assert.Equal(("model_start_failed", "exit code 1: ValueError: no"), (failure?.Code, failure?.Reason));
            Assert.Equal(_world.Time.GetUtcNow().AddSeconds(seconds), failure?.RetryAt);
            Assert.Equal(1, _world.Route("a").FailedReplicas);
            Assert.Empty(_world.Effects.Of(EffectKind.Start));

            _world.Live(TimeSpan.FromSeconds(seconds), Waiting);
            Assert.Equal(ModelStatus.WarmingUp, _world.Route("a").Status);
        }

        _world.FinishStart("a");
        Assert.Equal(ModelStatus.Active, _world.Route("a").Status);
        Assert.Equal(0, _world.Route("a").FailedReplicas);
    }

    [Fact]
    public void BackoffOver_KeepsTheReasonUntilSomebodyAsksAgain()
    {
        _world.Apply(Make.Model("a"));
        _world.Report(Waiting);
        _world.FailStart("a", "no");
        _world.Report();
        _world.Live(Second);
        Assert.Equal(ModelStatus.Failed, _world.Route("a").Status);
        Assert.Equal("no", _world.Route("a").Failure?.Reason);

        _world.Report(Waiting);
        Assert.Equal(ModelStatus.WarmingUp, _world.Route("a").Status);
        Assert.Null(_world.Route("a").Failure);
    }

    [Fact]
    public void ProcessThatEndsWhileStarting_IsAFailedStart()
    {
        _world.Apply(Make.Model("a"));
        _world.Report(Waiting);
        _world.Loop.Handle(new ProcessExited(_world.Only("a").Id, "exit code 1: boom"));
        Assert.Equal("exit code 1: boom", _world.Route("a").Failure?.Reason);
        _world.FinishStop("a");
        Assert.Equal(ReplicaState.Failed, _world.StateOf("a"));
    }

    [Fact]
    public void DeathWhileServing_LeavesTheRoutesAtOnce_AndIsReplacedOnDemand()
    {
        _world.Apply(Make.Model("a"));
        var dead = _world.Serve("a");
        _world.Report(Waiting);
        _world.Loop.Handle(new ProcessExited(dead.Id, "killed by signal 9"));
        Assert.DoesNotContain(_world.Route("a").Replicas, replica => replica.Admits);
        _world.FinishStop("a");
        _world.FinishStart("a");
        Assert.Equal(ModelStatus.Active, _world.Route("a").Status);
    }

    [Fact]
    public void ThreeDeathsInARow_AreAFailure()
    {
        _world.Apply(Make.Model("a"));
        for (var death = 1; death <= 3; death++)
        {
            var replica = _world.Serve("a");
            _world.Loop.Handle(new ProcessExited(replica.Id, "killed by signal 11"));
            _world.FinishStop("a");
            Assert.Equal(death < 3 ? ModelStatus.Cold : ModelStatus.Failed, _world.Route("a").Status);
        }

        Assert.Equal("model_crashed", _world.Route("a").Failure?.Code);
        Assert.Contains("3 times in a row", _world.Route("a").Failure?.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void AMinuteOfServing_ForgivesEarlierDeaths()
    {
        _world.Apply(Make.Model("a", sleepAfter: TimeSpan.FromHours(1)));
        for (var death = 1; death <= 5; death++)
        {
            var replica = _world.Serve("a");
            _world.Live(TimeSpan.FromSeconds(60));
            _world.Effects.Pending.Clear();
            _world.Loop.Handle(new ProcessExited(replica.Id, "killed by signal 11"));
            _world.FinishStop("a");
            Assert.Equal(ModelStatus.Cold, _world.Route("a").Status);
        }
    }

    [Fact]
    public void ThreeFailedProbes_AreADeath_TwoAreNot()
    {
        _world.Apply(Make.Model("a"));
        var replica = _world.Serve("a");
        for (var failures = 1; failures <= 3; failures++)
        {
            Assert.Equal(ReplicaState.Active, replica.State);
            _world.Tick(Second);
            var probe = _world.Effects.Take(EffectKind.Probe).Target;
            _world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Silent, false, "no answer"));
        }

        Assert.Equal(ReplicaState.Stopping, replica.State);
    }

    [Fact]
    public void Trouble_AsksAtOnce_AndOneFailureIsEnough()
    {
        _world.Apply(Make.Model("a"));
        var replica = _world.Serve("a");
        _world.Loop.Handle(new TroubleReported(new ReplicaTrouble("g1", "a", replica.Id, TroubleKind.Unreachable, "refused")));
        var probe = _world.Effects.Take(EffectKind.ProbeTrouble).Target;
        _world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Healthy, true, ""));
        Assert.Equal(ReplicaState.Active, replica.State);

        _world.Loop.Handle(new TroubleReported(new ReplicaTrouble("g1", "a", replica.Id, TroubleKind.Died, "reset")));
        probe = _world.Effects.Take(EffectKind.ProbeTrouble).Target;
        _world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Unhealthy, true, "refused"));
        Assert.Equal(ReplicaState.Stopping, replica.State);
    }

    [Fact]
    public void SilenceAfterTrouble_IsOneFailureOfThree()
    {
        _world.Apply(Make.Model("a"));
        var replica = _world.Serve("a");
        for (var failures = 1; failures <= 3; failures++)
        {
            Assert.Equal(ReplicaState.Active, replica.State);
            _world.Loop.Handle(new TroubleReported(new ReplicaTrouble("g1", "a", replica.Id, TroubleKind.Unreachable, "no answer")));
            var probe = _world.Effects.Take(EffectKind.ProbeTrouble).Target;
            _world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Silent, true, "no answer"));
        }

        Assert.Equal(ReplicaState.Stopping, replica.State);
    }

    [Fact]
    public void EngineThatDiesUnderManyRequests_IsOneDeath()
    {
        _world.Apply(Make.Model("a"));
        var replica = _world.Serve("a");
        for (var failed = 1; failed <= 12; failed++)
        {
            _world.Loop.Handle(new TroubleReported(new ReplicaTrouble("g1", "a", replica.Id, TroubleKind.Died, "broke off", failed)));
        }

        Assert.Equal(ReplicaState.Active, replica.State);
        var probe = _world.Effects.Take(EffectKind.ProbeTrouble).Target;
        _world.Loop.Handle(new Probed(replica.Id, probe.Attempt, ProbeResult.Unhealthy, true, "refused"));
        _world.FinishStop("a");
        Assert.NotEqual(ModelStatus.Failed, _world.Route("a").Status);
    }

    [Fact]
    public void FiveFailedRequestsInARow_AreAFailure_ThoughItsHealthIsGood()
    {
        _world.Apply(Make.Model("a"));
        var replica = _world.Serve("a");
        for (var failed = 1; failed <= 5; failed++)
        {
            Assert.Equal(ReplicaState.Active, replica.State);
            var trouble = new ReplicaTrouble("g1", "a", replica.Id, TroubleKind.BadResponse, "HTTP 500", failed);
            _world.Loop.Handle(new TroubleReported(trouble));
            foreach (var probe in _world.Effects.Of(EffectKind.ProbeTrouble))
            {
                _world.Effects.Pending.Remove(probe);
                _world.Loop.Handle(new Probed(replica.Id, probe.Target.Attempt, ProbeResult.Healthy, true, ""));
            }
        }

        _world.FinishStop("a");
        Assert.Equal((ReplicaState.Failed, ModelStatus.Failed), (replica.State, _world.Route("a").Status));
        Assert.Equal(
            ("model_erroring", "failed 5 requests in a row, the last one: BadResponse: HTTP 500"),
            (_world.Route("a").Failure?.Code, _world.Route("a").Failure?.Reason));
    }

    [Fact]
    public void ExternalEngine_IsProbed_AndShownAsItsProbeSays()
    {
        var model = Make.Model("house") with
        {
            Engine = new EngineSpec
            {
                Kind = EngineKind.External,
                Url = new Uri("http://10.0.0.5:8000/"),
                ServedAs = "llama",
                ApiKeyEnv = "HOUSE_KEY",
            },
        };
        _world.Apply(model);
        Assert.Single(_world.Effects.ExternalProbes);
        _world.Loop.Handle(new ExternalProbed("house", 1, true, ""));
        var replica = Assert.Single(_world.Route("house").Replicas);
        Assert.Equal(
            ("http://10.0.0.5:8000", "secret", "llama", true),
            (replica.Address, replica.ApiKey, replica.ServedAs, replica.Admits));

        for (var i = 0; i < 2; i++)
        {
            _world.Tick(TimeSpan.FromSeconds(5));
            Assert.Equal(i + 2, _world.Effects.ExternalProbes.Count);
            _world.Loop.Handle(new ExternalProbed("house", 1, false, "/health answered 503"));
        }

        Assert.Equal(ModelStatus.Failed, _world.Route("house").Status);
        Assert.Equal(new ModelFailure("model_unreachable", "/health answered 503", null), _world.Route("house").Failure);
    }
}
