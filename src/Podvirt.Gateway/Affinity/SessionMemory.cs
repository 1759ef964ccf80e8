namespace Podvirt.Gateway.Affinity;

/// <summary>What became of a session's last replica.</summary>
internal enum AffinityOutcome
{
    /// <summary>This gateway has not seen the session lately.</summary>
    New,

    /// <summary>The same replica as last time.</summary>
    Hit,

    /// <summary>Another one: the set changed, or the old one was full, at its bound or failed. Back at the old one again is another move.</summary>
    Moved,
}

/// <summary>
/// Remembers where sessions went last, to tell clients; nothing else depends on it. A fixed table of 512 KiB: 8,192 sets
/// of eight, each in the order of use. A session loses its place once eight others of its set came after it, which takes
/// tens of thousands of sessions, and is called new then.
/// </summary>
internal sealed class SessionMemory
{
    private const int Sets = 1 << 13;
    private const int Ways = 8;
    private const int Locks = 64;

    // Upper half: the session's bits beyond its set. Lower half: the replica. Zero: nobody.
    private readonly ulong[] _places = new ulong[Sets * Ways];
    private readonly Lock[] _locks = [.. Enumerable.Range(0, Locks).Select(_ => new Lock())];

    /// <summary>Notes the choice and says what it was.</summary>
    public AffinityOutcome Note(ulong session, ulong replica)
    {
        var set = (int)(session % Sets);
        var places = _places.AsSpan(set * Ways, Ways);
        var tag = (uint)(session / Sets) | 1;
        var place = ((ulong)tag << 32) | (uint)replica;
        lock (_locks[set % Locks])
        {
            var at = 0;
            while (at < Ways - 1 && (uint)(places[at] >> 32) != tag)
            {
                at++;
            }
            var last = places[at];
            places[..at].CopyTo(places[1..]);
            places[0] = place;
            return (uint)(last >> 32) != tag ? AffinityOutcome.New : last == place ? AffinityOutcome.Hit : AffinityOutcome.Moved;
        }
    }

    public static string NameOf(AffinityOutcome outcome) => outcome switch
    {
        AffinityOutcome.Hit => "hit",
        AffinityOutcome.Moved => "moved",
        _ => "new",
    };
}
