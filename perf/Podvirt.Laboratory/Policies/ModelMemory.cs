using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Laboratory.Policies;

/// <summary>What the policy has seen of one model: assumed until it was measured, then the mean of what was.</summary>
internal sealed class ModelMemory(IdleTuning tuning)
{
    private readonly UseHistory _use = new(tuning);
    private double? _startSeconds;
    private double? _wakeSeconds;
    private double? _deepWakeSeconds;

    public void Record(double idleSeconds, FleetGaps fleet) => _use.Used(idleSeconds, fleet);

    public ReuseCurve Curve(FleetGaps fleet) => _use.Curve(fleet);

    public void BecameActive(int level, double seconds, int waiting)
    {
        _use.Served(seconds, waiting);
        ref var mean = ref _startSeconds;
        if (level > 0)
        {
            mean = ref level == 2 ? ref _deepWakeSeconds : ref _wakeSeconds;
        }

        mean = mean is { } before ? before + (0.3 * (seconds - before)) : seconds;
    }

    /// <param name="level">How deep it sleeps, or would.</param>
    public ModelCosts Costs(ModelTraits traits, int level)
    {
        var gpu = (double)TraceSettings.GpuBytes;
        return ModelCosts.Of(
            _startSeconds, ModelCosts.Wake(level, _wakeSeconds, _deepWakeSeconds), traits.Gpus * traits.Bytes / gpu, traits.Gpus * traits.ResidueBytes / gpu, _use.FollowersPerSecond,
            canSleep: true);
    }
}
