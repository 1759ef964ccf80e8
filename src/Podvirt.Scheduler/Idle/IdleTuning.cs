namespace Podvirt.Scheduler.Idle;

/// <summary>The policy's own constants. The laboratory chose the defaults on traces that its report does not use.</summary>
internal sealed record IdleTuning
{
    public static IdleTuning Default { get; } = new();

    /// <summary>
    /// Gaps that a model's history remembers, so to say: the weight of one falls by this part with each that follows. Few
    /// enough to follow a model whose day begins, enough to see the pause between two conversations of fifteen turns.
    /// </summary>
    public double GapMemory { get; init; } = 96;

    /// <summary>How many gaps the fleet's experience counts for beside a model's own.</summary>
    public double FleetWeight { get; init; } = 2;
}
