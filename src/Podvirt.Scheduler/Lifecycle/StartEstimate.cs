namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// What a start or a wake has still to go, by the phases of the model's own earlier ones. As the phases pass in their
/// order the estimate only shrinks: a phase that ends early takes its rest with it; one that is late leaves what comes
/// after it.
/// </summary>
/// <param name="ThisPhaseMs">The median of the phase that runs now; 0 where it waits for others, which no history foretells.</param>
/// <param name="LaterMs">The sum of the medians of those after it.</param>
internal readonly record struct StartEstimate(long ThisPhaseMs, long LaterMs)
{
    // In which they pass. Waiting comes before all of them.
    private static readonly string[] s_order =
    [
        WarmUpPhases.Starting, WarmUpPhases.Download, WarmUpPhases.Weights, WarmUpPhases.Compile, WarmUpPhases.Graphs,
        WarmUpPhases.Waking, WarmUpPhases.Canary,
    ];

    /// <returns>Null without a history of phases.</returns>
    public static StartEstimate? For(IReadOnlyList<IReadOnlyList<PhaseTime>> past, string phase)
    {
        if (past.Count == 0)
        {
            return null;
        }

        var now = Array.IndexOf(s_order, phase);
        var later = 0L;
        for (var i = now + 1; i < s_order.Length; i++)
        {
            later += Median(past, s_order[i]);
        }

        return new StartEstimate(now < 0 ? 0 : Median(past, phase), later);
    }

    // A start that had no such phase spent nothing on it: a download is there once and not again.
    private static long Median(IReadOnlyList<IReadOnlyList<PhaseTime>> past, string phase)
    {
        var sorted = past.Select(start => start.Where(time => time.Phase == phase).Sum(time => time.Ms)).Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
