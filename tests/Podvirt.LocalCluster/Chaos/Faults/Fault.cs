namespace Podvirt.LocalCluster.Chaos.Faults;

/// <summary>Something that is broken for a while, and mended.</summary>
/// <param name="Component">For the summary: what kind of part it hits.</param>
/// <param name="Kind">For the summary: how.</param>
/// <param name="Target">What is held while it lasts: of two faults at a time no two hit the same.</param>
/// <param name="Lasts">From the break to the mending.</param>
/// <param name="BreakAsync">Gives what mends it; null: there was nothing to break.</param>
internal sealed record Fault(string Component, string Kind, string Target, TimeSpan Lasts, Func<Task<Func<Task>?>> BreakAsync);

/// <summary>Draws seconds and choices for faults.</summary>
internal static class Draws
{
    public static TimeSpan Between(this Random random, double from, double to) => TimeSpan.FromSeconds(from + (random.NextDouble() * (to - from)));

    public static T Of<T>(this Random random, IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];
}
