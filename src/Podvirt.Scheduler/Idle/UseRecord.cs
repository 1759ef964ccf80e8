namespace Podvirt.Scheduler.Idle;

/// <summary>A <see cref="UseHistory"/> as it is stored.</summary>
/// <param name="Gaps">Weights of <see cref="GapBuckets"/>, without the empty ones at the end.</param>
/// <param name="LastGap">In seconds.</param>
/// <param name="FollowersPerSecond">Further requests that arrive in a second while the first one waits.</param>
internal sealed record UseRecord(IReadOnlyList<float> Gaps, double? LastGap, double FollowersPerSecond)
{
    public static UseRecord Of(UseHistory use)
    {
        var last = use.Gaps.Weights.Count;
        while (last > 0 && use.Gaps.Weights[last - 1] == 0)
        {
            last--;
        }

        return new UseRecord([.. use.Gaps.Weights.Take(last)], use.Gaps.Last, use.FollowersPerSecond);
    }

    public UseHistory ToHistory(IdleTuning tuning) => new(GapHistogram.From(Gaps, LastGap, tuning), FollowersPerSecond, tuning);
}
