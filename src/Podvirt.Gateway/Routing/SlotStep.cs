using System.Runtime.InteropServices;

namespace Podvirt.Gateway.Routing;

/// <summary>
/// What one gateway does next about its share of a replica's slots, by the claims as it sees them. Pure.
/// <list type="number">
/// <item>It gives up what is beyond its share as soon as somebody is short of theirs; slots with requests in them when those end.</item>
/// <item>It takes what nobody holds, up to its share: never what another has not given up.</item>
/// <item>It says what it wants when it wants more than it holds, so that the others give up.</item>
/// </list>
/// </summary>
/// <param name="Limit">New requests go in only below it.</param>
/// <param name="Claim">What is to be written; null: nothing has to be.</param>
/// <param name="IsLower">It holds less by it: the limit comes first, the write after it. Otherwise the write comes first.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SlotStep(int Limit, SlotClaim? Claim, bool IsLower)
{
    // A quarter more than there is: what comes next should not have to ask.
    private const int HeadroomPart = 4;

    /// <summary>What so many requests make a gateway want.</summary>
    public static int Wanted(int slots, int inFlight, int parked)
    {
        var needed = (long)inFlight + parked;
        return needed == 0 ? 0 : (int)Math.Min(slots, needed + Math.Max(1, needed / HeadroomPart));
    }

    /// <param name="claims">Of gateways that are there.</param>
    /// <param name="gateway">This one.</param>
    /// <param name="slots">Of the replica.</param>
    /// <param name="inFlight">Requests that this gateway has there now.</param>
    /// <param name="wanted">By <see cref="Wanted"/>.</param>
    /// <param name="nowMs">Unix milliseconds.</param>
    public static SlotStep Next(SlotClaims claims, string gateway, int slots, int inFlight, int wanted, long nowMs)
    {
        var stored = claims.Of(gateway);
        var mine = (stored ?? new SlotClaim(gateway, 0, 0, 0)) with { Wanted = wanted };
        var current = claims.With(mine);
        var shares = SlotShares.Divide(slots, current.Claims, nowMs);
        var share = 0;
        var isSomebodyShort = false;
        for (var i = 0; i < shares.Length; i++)
        {
            if (current.Claims[i].Gateway == gateway)
            {
                share = shares[i];
            }
            else
            {
                isSomebodyShort |= SlotShares.IsShort(current.Claims[i], shares[i]);
            }
        }
        if (mine.Held > share && isSomebodyShort)
        {
            var rest = Math.Min(mine.Held, Math.Max(share, inFlight));
            return new SlotStep(share, rest < mine.Held ? mine with { Held = rest } : null, IsLower: true);
        }
        var free = Math.Max(0, slots - current.Held);
        var held = Math.Max(mine.Held, Math.Min(share, mine.Held + free));
        if (held > mine.Held)
        {
            return new SlotStep(held, mine with { Held = held, TurnMs = mine.Held == 0 ? nowMs : mine.TurnMs }, IsLower: false);
        }
        var isNews = stored is null || (wanted > held && (stored.Wanted <= stored.Held || wanted >= 2 * stored.Wanted));
        return new SlotStep(mine.Held, isNews ? mine : null, IsLower: false);
    }
}
