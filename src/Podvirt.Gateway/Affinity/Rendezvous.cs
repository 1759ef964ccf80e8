namespace Podvirt.Gateway.Affinity;

/// <summary>
/// Highest-random-weight hashing (Thaler and Ravishankar, 1998): every replica has a score for a session, the highest
/// wins. A replica that comes or goes moves only the sessions it wins or won. No state, so gateways agree.
/// </summary>
internal static class Rendezvous
{
    public static ulong Score(ulong session, ulong replica) => Mix(session, replica);

    // SplitMix64's finaliser (Steele, Lea, Flood 2014) over both.
    public static ulong Mix(ulong a, ulong b)
    {
        var z = unchecked(a ^ (b * 0x9E3779B97F4A7C15UL));
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return z ^ (z >> 31);
    }
}
