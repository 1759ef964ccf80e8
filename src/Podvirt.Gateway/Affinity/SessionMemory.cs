namespace Podvirt.Gateway.Affinity;

/// <summary>What became of a session's last replica.</summary>
internal enum AffinityOutcome
{
    /// <summary>This gateway has not seen the session lately.</summary>
    New,

    /// <summary>The same replica as last time.</summary>
    Hit,

    /// <summary>Another one: the set changed, or the old one was full.</summary>
    Moved,
}

/// <summary>
/// Remembers where sessions went, to tell clients. A fixed table of 65,536 places (1 MiB): a session that loses its
/// place to another is called new, nothing else depends on it.
/// </summary>
internal sealed class SessionMemory
{
    private const int Places = 1 << 16;

    private readonly ulong[] _sessions = new ulong[Places];
    private readonly ulong[] _replicas = new ulong[Places];

    /// <summary>Notes the choice and says what it was. Racing turns of one session may each be told of the other.</summary>
    public AffinityOutcome Note(ulong session, ulong replica)
    {
        var place = (int)(session & (Places - 1));
        var outcome = Volatile.Read(ref _sessions[place]) != session
            ? AffinityOutcome.New
            : Volatile.Read(ref _replicas[place]) == replica ? AffinityOutcome.Hit : AffinityOutcome.Moved;
        Volatile.Write(ref _replicas[place], replica);
        Volatile.Write(ref _sessions[place], session);
        return outcome;
    }

    public static string NameOf(AffinityOutcome outcome) => outcome switch
    {
        AffinityOutcome.Hit => "hit",
        AffinityOutcome.Moved => "moved",
        _ => "new",
    };
}
