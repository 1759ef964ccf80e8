namespace Podvirt.Scheduler.Placement;

/// <summary>One replica's claim on its node's own memory, which level-1 sleepers keep their weights in.</summary>
/// <param name="Bytes">That it holds asleep at level 1, or would hold.</param>
/// <param name="Saves">
/// Waiting seconds that level 1 saves for each second asleep, over what it would do otherwise; as reckoned when it fell asleep, because
/// it keeps its level until it is used.
/// </param>
/// <param name="IsHeld">It sleeps at level 1 now.</param>
internal readonly record struct HostClaim(long Bytes, double Saves, bool IsHeld);

/// <summary>Who of a node's replicas sleep at level 1, and who gives way to them. Pure.</summary>
internal static class HostMemory
{
    /// <summary>
    /// What a claim counts for that asks for memory only when its replica sleeps again. Of none, a quarter, a half and all, a half had
    /// the least waiting.
    /// </summary>
    public const double LaterShare = 0.5;

    /// <summary>
    /// True when it fits in beside those for whom a byte saves more. Where it does not, memory is left free for those who will
    /// be back sooner: an engine that sleeps cannot be put deeper to make room for them.
    /// </summary>
    /// <param name="others">Of all who live on the node.</param>
    /// <param name="total">The node's memory for sleepers.</param>
    public static bool IsEntitled(in HostClaim own, IEnumerable<HostClaim> others, long total)
    {
        var left = (double)(total - own.Bytes);
        var perByte = PerByte(own);
        foreach (var other in others)
        {
            if (PerByte(other) > perByte)
            {
                left -= other.IsHeld ? other.Bytes : LaterShare * other.Bytes;
            }
        }

        return left >= 0;
    }

    /// <summary>The least worthy sleepers whose memory is enough; null where that costs as much as it gains.</summary>
    /// <param name="sleepers">Those of the node that may be stopped, each with what that costs: waiting seconds a second.</param>
    /// <param name="gain">In the same unit.</param>
    public static List<Eviction>? GiveWay(IEnumerable<EvictionStep> sleepers, long missing, double gain)
    {
        var steps = sleepers.OrderBy(step => step.LossPerByte).ThenBy(step => step.Holding.Replica, StringComparer.Ordinal).ToArray();
        if (Evictions.Choose(steps, missing, EvictionScope.Idle, self: null) is not { } chosen)
        {
            return null;
        }

        Evictions.DropNeedless(chosen, missing);
        return chosen.Sum(eviction => eviction.Loss) < gain ? chosen : null;
    }

    private static double PerByte(in HostClaim claim) => claim.Bytes > 0 ? claim.Saves / claim.Bytes : double.PositiveInfinity;
}
