using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>What effects, processes and gateways report.</summary>
internal sealed partial class LifecycleLoop
{
    private void ApplyResult(Replica replica, ReplicaEvent result)
    {
        switch (result)
        {
            case Launched launched:
                replica.Address = launched.Address;
                replica.ApiKey = launched.ApiKey;
                Settle(replica, launched.Gpus);
                break;
            case PhaseSeen seen:
                Enter(replica, seen.Phase);
                break;
            case EngineReady:
                Move(replica, ReplicaTrigger.Ready);
                Enter(replica, WarmUpPhases.Canary);
                _effects.Canary(replica.Target);
                break;
            case Woke:
                Enter(replica, WarmUpPhases.Canary);
                _effects.Canary(replica.Target);
                break;
            case CanaryPassed:
                BecomeActive(replica);
                break;
            case LookedAt seen:
                Adopt(replica, seen);
                break;
            case FellAsleep asleep:
                FallAsleep(replica, asleep);
                break;
            case StillBusy busy:
                replica.Jobs = busy.Jobs;
                BeBusy(replica);
                break;
            case StepFailed failed:
                Break(replica, failed.Reason);
                break;
            case Stopped:
                Move(replica, replica.FailureReason is null ? ReplicaTrigger.Gone : ReplicaTrigger.GoneFailed);
                break;
            case Probed probed:
                ApplyProbe(replica, probed);
                break;
            default:
                throw new InvalidOperationException($"{result.GetType().Name} is not handled.");
        }
    }

    private void Enter(Replica replica, string phase)
    {
        _isUnshown = true;
        replica.Enter(phase, _now, _time.GetUtcNow());
    }

    /// <summary>What a sleeper gave back is known now.</summary>
    private static Why Measured(Replica replica) => replica.Why.Eviction is not { } eviction ? replica.Why : replica.Why with
    {
        Eviction = eviction with { FreedBytes = replica.Model.Gpu.MemoryBytes - replica.ResidueBytes },
    };

    private void BecomeActive(Replica replica)
    {
        var entry = _models[replica.Model.Id];
        if (replica.State == ReplicaState.Warming)
        {
            var took = _now - replica.CreatedAt;
            // A full history drops its oldest: one foreign start less.
            entry.ForeignStarts -= entry.ForeignStarts > 0 && entry.History.ColdPhases.Count == StartHistory.LengthMax ? 1 : 0;
            entry.History = entry.History.WithColdStart(took, replica.PhasesUntil(_now));
            _metrics.Started(replica.Model.Id, took);
        }
        else
        {
            entry.History = entry.History.WithWake(_now - replica.StateSince, replica.PhasesUntil(_now), replica.SleepLevel);
            replica.IsHostStale = replica.HostBytes > 0;
        }

        entry.Use.Served((_now - (replica.State == ReplicaState.Warming ? replica.CreatedAt : replica.StateSince)).TotalSeconds,
            _demand.Of(replica.Model.Id, _now).Waiting);
        entry.History = entry.History with { Use = UseRecord.Of(entry.Use) };
        Move(replica, ReplicaTrigger.Canary);
        replica.ResidueBytes = 0;
        replica.ActiveSince = _now;
        replica.IsStopAsked = false;
        replica.IsSleepAsked = false;
        ForgetSleepOrder(replica.Model.Id);
        replica.LastBusyAt = _now;
        replica.ProbeFailures = 0;
        replica.NextProbeAt = _now + _options.ProbeInterval;
        ClearFailure(entry);
        entry.FailedStarts = 0;
        _effects.SaveHistory(replica.Model.Id, entry.History);
    }

    private void ApplyExit(ProcessExited exited)
    {
        if (_replicas.TryGetValue(exited.Replica, out var replica)
            && replica.State is not (ReplicaState.Stopping or ReplicaState.Failed or ReplicaState.Placing))
        {
            Break(replica, exited.Detail);
        }
    }

    /// <summary>Whatever went wrong: the process is removed, and what the model may do next depends on what it was doing.</summary>
    private void Break(Replica replica, string reason)
    {
        var entry = _models[replica.Model.Id];
        SchedulerLog.Broke(_log, replica.Model.Id, replica.Id, replica.State, reason);
        _metrics.Failed(replica.Model.Id, replica.State);
        switch (replica.State)
        {
            case ReplicaState.Starting or ReplicaState.Warming when IsCurrent(entry, replica) && !replica.IsFound:
                BackOff(entry, replica, "model_start_failed", reason);
                break;
            case ReplicaState.Active or ReplicaState.Draining when IsCurrent(entry, replica):
                entry.Crashes = _now - replica.ActiveSince >= _options.StableAfter ? 1 : entry.Crashes + 1;
                if (entry.Crashes >= _options.CrashesMax)
                {
                    BackOff(entry, replica, "model_crashed", $"died {entry.Crashes} times in a row: {reason}");
                }

                break;
            default:
                // A sleeper, a failed sleep or wake, an earlier run's engine: recycled. The next demand starts cold.
                _metrics.Recycled(replica.Model.Id, replica.State);
                break;
        }

        StopReplica(replica, ReplicaTrigger.Break, new Why(TransitionCause.Failure, reason));
    }

    /// <summary>It lives, and serves nobody.</summary>
    private void GiveUp(Replica replica, ReplicaTrouble trouble)
    {
        var entry = _models[replica.Model.Id];
        var reason = $"failed {trouble.InARow} requests in a row, the last one: {trouble.Kind}: {trouble.Detail}";
        SchedulerLog.Broke(_log, replica.Model.Id, replica.Id, replica.State, reason);
        _metrics.Failed(replica.Model.Id, replica.State);
        if (IsCurrent(entry, replica))
        {
            BackOff(entry, replica, "model_erroring", reason);
        }

        StopReplica(replica, ReplicaTrigger.Break, new Why(TransitionCause.Failure, reason));
    }

    /// <summary>
    /// A start whose phase takes far longer than it ever did has hung. After a failed start only the start's own bound holds:
    /// what was learned may be true no more. A download is as slow as its line: earlier ones say nothing of it, and who starts the
    /// engine sees whether it still moves.
    /// </summary>
    private void LimitPhases()
    {
        foreach (var replica in _replicas.Values
            .Where(replica => replica is { State: ReplicaState.Starting, Phase: not WarmUpPhases.Download }).ToList())
        {
            var entry = _models[replica.Model.Id];
            var earlier = entry.FailedStarts > 0 || !IsCurrent(entry, replica) ? [] : entry.History.ColdPhases.Skip(entry.ForeignStarts);
            var limit = PhaseLimit.Of(
                replica.Phase, earlier, _options.PhaseTimeoutFactor, _options.PhaseTimeoutMin, replica.Model.Engine.StartTimeout);
            if (replica.PhaseLasts(_now) >= limit.Allowed)
            {
                var compared = limit.Longest > TimeSpan.Zero ? $"; the longest of earlier starts was {limit.Longest.TotalSeconds:0.#} s" : "";
                Break(replica, $"phase '{replica.Phase}' took longer than {limit.Allowed.TotalSeconds:0} s{compared}");
            }
        }
    }

    private void BackOff(ModelEntry entry, Replica replica, string code, string reason)
    {
        var doublings = Math.Min(entry.FailedStarts, 30);
        var wait = TimeSpan.FromTicks(Math.Min(_options.BackoffMax.Ticks, _options.BackoffMin.Ticks * (1L << doublings)));
        entry.FailedStarts++;
        entry.IsWakeAsked = false;
        entry.RetryAt = _now + wait;
        entry.Failure = new ModelFailure(code, reason, _time.GetUtcNow() + wait);
        replica.FailureReason = reason;
    }

    private static void ClearFailure(ModelEntry entry)
    {
        entry.Failure = null;
        entry.RetryAt = TimeSpan.Zero;
    }

    /// <summary>A failure and its reason stay to be seen until the next attempt: when the pause is over and somebody wants the model.</summary>
    private void ExpireFailures()
    {
        foreach (var entry in _models.Values)
        {
            var isWanted = MinOf(entry) > 0 || _demand.Of(entry.Spec.Id, _now).Waiting > 0;
            if (entry.Failure is not null && _now >= entry.RetryAt && isWanted)
            {
                ClearFailure(entry);
            }

            if (entry.Failure is null || entry.IsRemoved)
            {
                foreach (var failed in ReplicasOf(entry).Where(replica => replica.State == ReplicaState.Failed).ToList())
                {
                    Move(failed, ReplicaTrigger.Expire, !IsCurrent(entry, failed) ? WhyOutdated(entry, failed) : isWanted ? WhyWanted(entry) : s_stopOrder);
                }
            }
        }
    }

    private void StopReplica(Replica replica, ReplicaTrigger trigger, Why? why = null)
    {
        Move(replica, trigger, why);
        if (replica.State == ReplicaState.Stopping)
        {
            _effects.Stop(replica.Target);
        }
    }

    private void ApplyTrouble(ReplicaTrouble trouble)
    {
        SchedulerLog.Trouble(_log, trouble.Model, trouble.Replica, trouble.Kind, trouble.Detail);
        if (_replicas.TryGetValue(trouble.Replica, out var replica) && replica.State == ReplicaState.Active)
        {
            if (replica.TroubleProbeRunning)
            {
                // It is being asked whether it lives. All requests of an engine that died report it: that is one death, not
                // a row of failures.
                return;
            }

            if (trouble.InARow >= _options.ErrorsMax)
            {
                GiveUp(replica, trouble);
            }
            else
            {
                replica.TroubleProbeRunning = true;
                AskHealth(replica, wasTrouble: true);
            }
        }
        else if (_models.TryGetValue(trouble.Model, out var entry) && entry.Spec.Engine.Kind == EngineKind.External)
        {
            entry.External.NextAt = _now;
        }
    }

    private void ApplyProbe(Replica replica, Probed probed)
    {
        replica.ProbeRunning &= probed.WasTrouble;
        replica.TroubleProbeRunning &= !probed.WasTrouble;
        replica.NextProbeAt = _now + (replica.State == ReplicaState.Sleeping ? _options.ExternalProbeInterval : _options.ProbeInterval);
        if (IsOtherwise(replica, probed) || replica.State == ReplicaState.Sleeping)
        {
            return;
        }

        if (probed.Result == ProbeResult.Healthy)
        {
            replica.ProbeFailures = 0;
            replica.Jobs = probed.Jobs ?? replica.Jobs;
            // In Draining it was asked after the fence.
            replica.AreJobsCounted = replica.State == ReplicaState.Draining && (replica.AreJobsCounted || probed.Jobs is not null);
            NoteHost(replica, probed.HostBytes);
            return;
        }

        // Silence is no proof: to stop a busy engine for it would cut the answers that it is busy with.
        replica.ProbeFailures++;
        if ((probed.WasTrouble && probed.Result == ProbeResult.Unhealthy) || replica.ProbeFailures >= _options.ProbeFailuresMax)
        {
            Break(replica, $"health check failed: {probed.Detail}");
        }
    }

    /// <summary>One that woke is also asked what it kept of its weights in host memory, once that is known.</summary>
    private void AskHealth(Replica replica, bool wasTrouble) =>
        _effects.Probe(replica.IsHostStale ? replica.Target : replica.Target with { HostBase = null }, wasTrouble);

    private void AskHealthWhenDue(Replica replica)
    {
        if (!replica.ProbeRunning && _now >= replica.NextProbeAt)
        {
            replica.ProbeRunning = true;
            AskHealth(replica, wasTrouble: false);
        }
    }

    private void ProbeDue()
    {
        foreach (var replica in _replicas.Values)
        {
            if (replica.State == ReplicaState.Active || (replica.State == ReplicaState.Sleeping && _options.ElectsLeader))
            {
                AskHealthWhenDue(replica);
            }
        }

        foreach (var entry in _models.Values)
        {
            var external = entry.External;
            if (entry.Spec.Engine.Kind == EngineKind.External && !entry.IsRemoved && !external.Running && _now >= external.NextAt)
            {
                external.Running = true;
                _effects.ProbeExternal(entry.Spec, RouteBuilder.ExternalKey(entry.Spec, _settings.Environment));
            }
        }
    }

    private void ApplyExternalProbe(ExternalProbed probed)
    {
        if (!_models.TryGetValue(probed.Model, out var entry))
        {
            return;
        }

        var external = entry.External;
        external.Running = false;
        if (entry.Spec.Revision != probed.Revision)
        {
            return;
        }

        external.NextAt = _now + _options.ExternalProbeInterval;
        external.Failures = probed.Healthy ? 0 : external.Failures + 1;
        external.Detail = probed.Detail;
        // One lost probe of an engine that served a moment ago says little; the second one says it.
        external.Healthy = probed.Healthy || (external.Healthy == true && external.Failures < 2);
    }
}
