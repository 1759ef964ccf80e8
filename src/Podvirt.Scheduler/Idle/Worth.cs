namespace Podvirt.Scheduler.Idle;

/// <summary>What a replica's memory is worth: waiting seconds that it saves for each gpu-second that it holds.</summary>
/// <param name="Awake">Of being awake rather than asleep (or gone, where it cannot sleep).</param>
/// <param name="Asleep">Of being asleep rather than gone.</param>
internal readonly record struct Worth(double Awake, double Asleep)
{
    /// <param name="returns">Returns a second, from <see cref="ReuseCurve.At"/>.</param>
    /// <param name="costs">The model's.</param>
    /// <param name="price">
    /// Waiting seconds that a gpu-second is worth. What a model holds while it gets ready is a cost of its having left.
    /// </param>
    /// <param name="tuning">How much more than itself a start costs.</param>
    public static Worth Of(double returns, in ModelCosts costs, double price, IdleTuning tuning)
    {
        var start = costs.Waiting(costs.StartSeconds) + (price * costs.AwakeGpus * costs.StartSeconds);
        if (!costs.CanSleep || costs.AsleepGpus >= costs.AwakeGpus)
        {
            return new Worth(Per(returns * start, costs.AwakeGpus), 0);
        }

        var wake = Wake(costs, price);
        return new Worth(
            Per(returns * wake, costs.AwakeGpus - costs.AsleepGpus), Per(returns * Math.Max(0, (tuning.StartFactor * start) - wake), costs.AsleepGpus));
    }

    /// <summary>The same where others want the memory, and somebody has to leave for them: those that are merely awake before sleepers.</summary>
    /// <param name="tuning">How much more a sleeper is worth then.</param>
    public Worth AgainstOthers(IdleTuning tuning) => this with { Asleep = Asleep * tuning.EvictionFactor };

    /// <summary>What waking sooner saves for each second asleep, in waiting seconds.</summary>
    /// <param name="returns">Returns a second, from <see cref="ReuseCurve.At"/>.</param>
    /// <param name="quick">The model's costs where it wakes sooner.</param>
    /// <param name="slow">The same where it wakes later.</param>
    /// <param name="price">Waiting seconds that a gpu-second is worth.</param>
    public static double OfQuickerWake(double returns, in ModelCosts quick, in ModelCosts slow, double price) =>
        returns * Math.Max(0, Wake(slow, price) - Wake(quick, price));

    private static double Wake(in ModelCosts costs, double price) =>
        costs.Waiting(costs.WakeSeconds) + (price * costs.AwakeGpus * (costs.WakeSeconds + costs.SleepSeconds));

    // Who holds no gpu memory is never in anybody's way.
    private static double Per(double saved, double gpus) => gpus > 0 ? saved / gpus : double.PositiveInfinity;
}
