using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>How long a model's recent cold starts and wakes took, newest last. Stored under <c>history/&lt;model&gt;</c>.</summary>
internal sealed record StartHistory
{
    public const string KeyPrefix = "history/";

    /// <summary>Enough for a median that one odd start does not move, few enough to follow a change of hardware.</summary>
    public const int LengthMax = 15;

    public static StartHistory Empty { get; } = new();

    /// <summary>Placing to Active, in milliseconds.</summary>
    public IReadOnlyList<long> ColdStartsMs { get; init; } = [];

    /// <summary>Waking from level 1 to Active, in milliseconds.</summary>
    public IReadOnlyList<long> WakesMs { get; init; } = [];

    /// <summary>What each phase of the same cold starts took.</summary>
    public IReadOnlyList<IReadOnlyList<PhaseTime>> ColdPhases { get; init; } = [];

    /// <summary>What each phase of the same wakes took.</summary>
    public IReadOnlyList<IReadOnlyList<PhaseTime>> WakePhases { get; init; } = [];

    /// <summary>The same of wakes from level 2, which read the weights again.</summary>
    public IReadOnlyList<long> DeepWakesMs { get; init; } = [];

    public IReadOnlyList<IReadOnlyList<PhaseTime>> DeepWakePhases { get; init; } = [];

    /// <summary>What its last level-1 sleep took of host memory; null before one was measured.</summary>
    public HostNeed? HostNeed { get; init; }

    /// <summary>How the model was used; null in histories of before it was kept.</summary>
    public UseRecord? Use { get; init; }

    public StartHistory WithColdStart(TimeSpan duration, IReadOnlyList<PhaseTime> phases) => this with
    {
        ColdStartsMs = Append(ColdStartsMs, (long)duration.TotalMilliseconds),
        ColdPhases = Append(ColdPhases, phases),
    };

    /// <param name="level">How deep it had slept.</param>
    public StartHistory WithWake(TimeSpan duration, IReadOnlyList<PhaseTime> phases, int level)
    {
        var ms = (long)duration.TotalMilliseconds;
        return level == 2
            ? this with { DeepWakesMs = Append(DeepWakesMs, ms), DeepWakePhases = Append(DeepWakePhases, phases) }
            : this with { WakesMs = Append(WakesMs, ms), WakePhases = Append(WakePhases, phases) };
    }

    public long? LastColdStartMs => ColdStartsMs.Count == 0 ? null : ColdStartsMs[^1];

    public long? ExpectedColdStartMs => Median(ColdStartsMs);

    public long? ExpectedWakeMs(int level) => Median(level == 2 ? DeepWakesMs : WakesMs);

    public IReadOnlyList<IReadOnlyList<PhaseTime>> WakePhasesOf(int level) => level == 2 ? DeepWakePhases : WakePhases;

    private static T[] Append<T>(IReadOnlyList<T> list, T last) => [.. list.Skip(Math.Max(0, list.Count - LengthMax + 1)), last];

    private static long? Median(IReadOnlyList<long> list)
    {
        if (list.Count == 0)
        {
            return null;
        }

        var sorted = list.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}

/// <param name="Revision">The model's, when it was measured: another one's weights may be of another size.</param>
/// <param name="Bytes">Host memory that a level-1 sleeper keeps its weights in.</param>
internal sealed record HostNeed(int Revision, long Bytes);

/// <summary>One phase of one start or wake.</summary>
internal sealed record PhaseTime(string Phase, long Ms);
