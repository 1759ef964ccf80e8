namespace Podvirt.Scheduler.Idle;

/// <summary>How long a sleeper whose gpus are in use waits there before its model is started elsewhere. Pure.</summary>
internal static class Patience
{
    /// <summary>
    /// Of the time that a start takes longer than a wake. Most uses end within seconds, and what was waited in vain adds this part at
    /// most. Of none, a tenth, a quarter and a half, a half had the least waiting.
    /// </summary>
    public const double Share = 0.5;

    public static TimeSpan Of(in ModelCosts costs) => TimeSpan.FromSeconds(Share * (costs.StartSeconds - costs.WakeSeconds));
}
