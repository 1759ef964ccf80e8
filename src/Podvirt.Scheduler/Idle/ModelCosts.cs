namespace Podvirt.Scheduler.Idle;

/// <summary>What a model costs in time and memory, measured where it was, assumed where it was not.</summary>
/// <param name="StartSeconds">Cold start, from placement to the first token.</param>
/// <param name="WakeSeconds">Wake, at the level it would sleep at.</param>
/// <param name="SleepSeconds">Falling asleep.</param>
/// <param name="AwakeGpus">Gpus' worth of memory that it holds awake: 0.5 is half of one, 4 are four whole ones.</param>
/// <param name="AsleepGpus">The same asleep.</param>
/// <param name="FollowersPerSecond">Further requests that arrive in a second while the first one waits.</param>
/// <param name="CanSleep">False: it is stopped instead.</param>
internal readonly record struct ModelCosts(
    double StartSeconds, double WakeSeconds, double SleepSeconds, double AwakeGpus, double AsleepGpus, double FollowersPerSecond, bool CanSleep)
{
    /// <summary>Published cold starts of small models take 38 to 58 s; larger ones are measured soon enough.</summary>
    public const double AssumedStartSeconds = 60;

    /// <summary>Published level-1 wakes take 0.3 to 6 s.</summary>
    public const double AssumedWakeSeconds = 3;

    /// <summary>Published level-2 wakes take about three times as long as those of level 1: the weights are read again.</summary>
    public const double DeepWakeFactor = 3;

    /// <summary>The same of a model that has woken from neither.</summary>
    public const double AssumedDeepWakeSeconds = 10;

    /// <summary>Published times to fall asleep are 3 to 6 s.</summary>
    public const double AssumedSleepSeconds = 4;

    /// <summary>
    /// A start is never taken for less than this on top of a wake: it also risks failing, and a short one was measured with warm
    /// disks and page caches, which nobody promises for the next.
    /// </summary>
    public const double StartOverWakeSecondsMin = 10;

    /// <summary>A wake is never taken for less: its canary, and the routes that tell of it, wait their turn on a machine that is busy.</summary>
    public const double WakeSecondsMin = 1;

    // A wait longer than this has become a queue of its own, which no history of gaps foretells.
    private const double FollowersMax = 100;

    /// <param name="startSeconds">As measured; null before.</param>
    /// <param name="wakeSeconds">As measured; null before.</param>
    /// <param name="awakeGpus">Gpus' worth of memory awake.</param>
    /// <param name="asleepGpus">The same asleep.</param>
    /// <param name="followersPerSecond">Further requests that arrive in a second while the first one waits.</param>
    /// <param name="canSleep">False: it is stopped instead.</param>
    public static ModelCosts Of(
        double? startSeconds, double? wakeSeconds, double awakeGpus, double asleepGpus, double followersPerSecond, bool canSleep)
    {
        var wake = Math.Max(WakeSecondsMin, wakeSeconds ?? AssumedWakeSeconds);
        var start = Math.Max(wake + StartOverWakeSecondsMin, startSeconds ?? AssumedStartSeconds);
        return new ModelCosts(start, wake, AssumedSleepSeconds, awakeGpus, asleepGpus, followersPerSecond, canSleep);
    }

    /// <summary>A wake as measured at this level; or else by the one of the other level; null before any.</summary>
    /// <param name="level">1 or 2.</param>
    /// <param name="quick">Of level 1, in seconds.</param>
    /// <param name="deep">Of level 2, in seconds.</param>
    public static double? Wake(int level, double? quick, double? deep) =>
        level == 2 ? deep ?? (DeepWakeFactor * quick) ?? AssumedDeepWakeSeconds : quick ?? (deep / DeepWakeFactor);

    /// <summary>Waiting seconds of all who come while it gets ready: the first waits all of it, the others half on average.</summary>
    public double Waiting(double seconds) => seconds * (1 + (Math.Min(FollowersMax, FollowersPerSecond * seconds) / 2));
}
