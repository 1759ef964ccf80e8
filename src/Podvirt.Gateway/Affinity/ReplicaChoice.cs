using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway.Affinity;

/// <summary>
/// Which replica a session goes to: the one with the highest score (<see cref="Rendezvous"/>) that is not over its bound.
/// A function of what is there; it remembers nothing, so gateways that see the same replicas agree.
/// </summary>
internal static class ReplicaChoice
{
    /// <summary>
    /// A replica that uses no more than this part of its slots is never over its bound. The bound keeps a popular session
    /// from drowning one replica while others idle; with a handful of requests in all, one more than the average is no
    /// such thing, and moving its session would only cost it the prefix cache.
    /// </summary>
    public const int FreePart = 8;

    /// <summary>
    /// Bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018): while any other has room, none goes over
    /// <paramref name="bound"/> times the average, this request counted. With no room within the bounds a free slot beyond them will do.
    /// </summary>
    /// <param name="replicas">Those that take new requests.</param>
    /// <param name="now">A timestamp, for suspensions.</param>
    /// <param name="avoid">Ids that are taken only where there is no other free slot.</param>
    /// <returns>Null when no slot is free.</returns>
    public static ReplicaSlots? Choose(
        ReadOnlySpan<ReplicaSlots> replicas, ulong session, double bound, long now, IReadOnlyCollection<string> avoid)
    {
        var loadMax = LoadMax(replicas, bound);
        ReplicaSlots? best = null;
        var bestRank = 0;
        var bestScore = 0UL;
        foreach (var replica in replicas)
        {
            if (!replica.HasFreeSlot(now))
            {
                continue;
            }
            var rank = replica.InFlight < Math.Max(loadMax, replica.Limit / FreePart) ? 1 : 0;
            if (avoid.Count == 0 || !avoid.Contains(replica.Route.Id))
            {
                rank += 2;
            }
            var score = Rendezvous.Score(session, replica.Hash);
            if (best is null || rank > bestRank || (rank == bestRank && score > bestScore))
            {
                (best, bestRank, bestScore) = (replica, rank, score);
            }
        }
        return best;
    }

    private static int LoadMax(ReadOnlySpan<ReplicaSlots> replicas, double bound)
    {
        if (replicas.Length <= 1)
        {
            return int.MaxValue;
        }
        var load = 1;
        foreach (var replica in replicas)
        {
            load += replica.InFlight;
        }
        return (int)Math.Ceiling(bound * load / replicas.Length);
    }
}
