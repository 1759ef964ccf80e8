using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Laboratory.Policies;

/// <summary>What the policy has seen of one model: assumed until it was measured, then the mean of what was.</summary>
internal sealed class ModelMemory(IdleTuning tuning)
{
    private readonly UseHistory _use = new(tuning);
    private double? _startSeconds;
    private double? _wakeSeconds;

    public void Record(double idleSeconds, FleetGaps fleet) => _use.Used(idleSeconds, fleet);

    public ReuseCurve Curve(FleetGaps fleet) => _use.Curve(fleet);

    public void BecameActive(bool wasAsleep, double seconds, int waiting)
    {
        _use.Served(seconds, waiting);
        ref var mean = ref wasAsleep ? ref _wakeSeconds : ref _startSeconds;
        mean = mean is { } before ? before + (0.3 * (seconds - before)) : seconds;
    }

    public ModelCosts Costs(ModelTraits traits)
    {
        var gpu = (double)TraceSettings.GpuBytes;
        return ModelCosts.Of(
            _startSeconds, _wakeSeconds, traits.Gpus * traits.Bytes / gpu, traits.Gpus * traits.ResidueBytes / gpu, _use.FollowersPerSecond,
            canSleep: true);
    }
}
