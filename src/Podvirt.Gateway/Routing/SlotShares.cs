namespace Podvirt.Gateway.Routing;

/// <summary>
/// How a replica's slots are divided between gateways: a function of what they claim, so every gateway that sees the same claims
/// comes to the same division. What is divided adds up to the slots exactly.
/// </summary>
internal static class SlotShares
{
    /// <summary>
    /// With fewer slots than gateways that want one, who got one keeps it so long before the next has its turn: handing a slot over
    /// costs some milliseconds, and at each request's end it would cost them all the time.
    /// </summary>
    public static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Where the slots are enough, each gateway has what it wants, and what is left over in equal parts; where they are not, each has
    /// at least one, and the rest by what they want; where there are not even so many, they take turns.
    /// </summary>
    /// <param name="slots">Of the replica.</param>
    /// <param name="claims">In the order of their gateways' ids.</param>
    /// <param name="nowMs">Unix milliseconds, for turns: clocks that disagree make turns longer or shorter, nothing else.</param>
    /// <returns>A share for each claim.</returns>
    public static int[] Divide(int slots, IReadOnlyList<SlotClaim> claims, long nowMs)
    {
        var shares = new int[claims.Count];
        if (claims.Count == 0)
        {
            return shares;
        }
        var wanted = claims.Sum(claim => (long)Math.Min(claim.Wanted, slots));
        if (wanted <= slots)
        {
            DivideEnough(slots, (int)(slots - wanted), claims, shares);
        }
        else if (claims.Count(claim => claim.Wanted > 0) is var wanting && wanting > slots)
        {
            TakeTurns(slots, claims, shares, nowMs);
        }
        else
        {
            DivideScarce(slots, slots - wanting, claims, shares);
        }
        return shares;
    }

    /// <summary>Somebody else has to give some of theirs up for this share.</summary>
    public static bool IsShort(SlotClaim claim, int share) =>
        claim.Held < share && (claim.Held < claim.Wanted || claim.Held < (share + 1) / 2);

    private static void DivideEnough(int slots, int spare, IReadOnlyList<SlotClaim> claims, int[] shares)
    {
        for (var i = 0; i < shares.Length; i++)
        {
            shares[i] = Math.Min(claims[i].Wanted, slots) + (spare / shares.Length) + (i < spare % shares.Length ? 1 : 0);
        }
    }

    // One each, and the rest in proportion to what is wanted beyond it; what rounding leaves goes where it cut off most.
    private static void DivideScarce(int slots, int rest, IReadOnlyList<SlotClaim> claims, int[] shares)
    {
        var more = claims.Select(claim => (long)Math.Max(0, Math.Min(claim.Wanted, slots) - 1)).ToArray();
        var sum = more.Sum();
        for (var i = 0; i < shares.Length; i++)
        {
            shares[i] = (claims[i].Wanted > 0 ? 1 : 0) + (int)(rest * more[i] / sum);
        }
        var left = slots - shares.Sum();
        foreach (var i in Enumerable.Range(0, shares.Length).OrderByDescending(i => rest * more[i] % sum).ThenBy(i => i).Take(left))
        {
            shares[i]++;
        }
    }

    private static void TakeTurns(int slots, IReadOnlyList<SlotClaim> claims, int[] shares, long nowMs)
    {
        var order = Enumerable.Range(0, shares.Length)
            .Where(i => claims[i].Wanted > 0)
            .OrderBy(i => claims[i].Held > 0 && nowMs - claims[i].TurnMs < (long)Turn.TotalMilliseconds ? 0 : 1)
            .ThenBy(i => claims[i].TurnMs)
            .ThenBy(i => claims[i].Held > 0 ? 1 : 0)
            .ThenBy(i => i);
        foreach (var i in order.Take(slots))
        {
            shares[i] = 1;
        }
    }
}

/// <summary>One gateway's claim on a replica's slots.</summary>
/// <param name="Gateway">Its id.</param>
/// <param name="Held">Slots that it may have requests in: nobody else's.</param>
/// <param name="Wanted">What it has a use for, as of its last write.</param>
/// <param name="TurnMs">Unix milliseconds at which it last got its first slot; 0: never.</param>
internal sealed record SlotClaim(string Gateway, int Held, int Wanted, long TurnMs);

/// <summary>
/// All claims on one replica's slots, as they stand in the state store under <see cref="KeyOf"/>. Written by compare-and-set only: what
/// is held never adds up to more than the slots.
/// </summary>
internal sealed record SlotClaims(IReadOnlyList<SlotClaim> Claims)
{
    public const string KeyPrefix = "slots/";

    public static SlotClaims None { get; } = new([]);

    public int Held => Claims.Sum(claim => claim.Held);

    public static string KeyOf(string replica) => KeyPrefix + replica;

    public SlotClaim? Of(string gateway) => Claims.FirstOrDefault(claim => claim.Gateway == gateway);

    public SlotClaims With(SlotClaim claim) => new([.. Without(claim.Gateway).Claims.Append(claim).OrderBy(c => c.Gateway, StringComparer.Ordinal)]);

    public SlotClaims Without(string gateway) => new([.. Claims.Where(claim => claim.Gateway != gateway)]);
}
