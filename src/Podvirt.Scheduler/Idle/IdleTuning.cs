namespace Podvirt.Scheduler.Idle;

/// <summary>The policy's own constants. The laboratory chose the defaults on traces that its report does not use.</summary>
internal sealed record IdleTuning
{
    public static IdleTuning Default { get; } = new();

    /// <summary>
    /// Gaps that a model's history remembers, so to say: the weight of one falls by this part with each that follows. Few
    /// enough to follow a model that changes within days, enough to see the pauses between conversations of many turns.
    /// </summary>
    public double GapMemory { get; init; } = 288;

    /// <summary>How many gaps the fleet's experience counts for beside a model's own.</summary>
    public double FleetWeight { get; init; } = 2;

    /// <summary>
    /// How many times its own start a lost sleeper costs. The start has to find a place, where others have to leave, and
    /// holds up whoever sleeps there.
    /// </summary>
    public double StartFactor { get; init; } = 4;

    /// <summary>
    /// How many times more a sleeper is worth to whom it would be stopped for than when nobody asks for its memory: where it is asked
    /// for it is short, and the one that was stopped comes back there to stop others in its turn.
    /// </summary>
    public double EvictionFactor { get; init; } = 8;
}
