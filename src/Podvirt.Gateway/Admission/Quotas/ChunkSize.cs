namespace Podvirt.Gateway.Admission.Quotas;

/// <summary>How much of a shared limit one gateway takes at a time. Pure.</summary>
internal static class ChunkSize
{
    /// <summary>A chunk is at most this part of its limit, unless one request needs more.</summary>
    public const int LimitPart = 32;

    // What is left of a limit is not to lie in one gateway's chunk while another's requests are refused.
    private const int FreePart = 4;

    /// <summary>The largest chunk that is not for one request alone.</summary>
    public static Int128 Max(Int128 limit) => Int128.Max(1, limit / LimitPart);

    /// <param name="limit">The shared limit.</param>
    /// <param name="free">What no other gateway has used or holds of it.</param>
    /// <param name="reserved">Held by requests that run here.</param>
    /// <param name="needed">By a request that waits, beyond that: all that it may use, and what it can begin with.</param>
    /// <param name="recent">Used since the last time.</param>
    public static Int128 Of(Int128 limit, Int128 free, Int128 reserved, (Int128 All, Int128 Least) needed, Int128 recent)
    {
        // A part that is of no use to the request is left to those who have a use for it.
        var left = free - reserved;
        var asked = left >= needed.All ? needed.All : left >= needed.Least ? left : 0;
        var least = reserved + asked;
        var wish = Int128.Min(2 * (recent + asked), Max(limit));
        var spare = Int128.Min(wish, Int128.Max(0, free - least) / FreePart);
        return Int128.Max(0, Int128.Min(least + spare, free));
    }
}
