namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// How long one phase of a start may take, by the model's own earlier starts: a multiple of the longest, so that a slow disk or a
/// busy hub is no failure, and an engine that hangs is found long before the bound of the whole start. Pure.
/// </summary>
/// <param name="Allowed">Never more than the start's own bound.</param>
/// <param name="Longest">Of the earlier starts; zero where none had this phase, and then the bound alone holds.</param>
internal readonly record struct PhaseLimit(TimeSpan Allowed, TimeSpan Longest)
{
    public static PhaseLimit Of(
        string phase, IEnumerable<IReadOnlyList<PhaseTime>> earlier, double factor, TimeSpan least, TimeSpan bound)
    {
        var longest = TimeSpan.FromMilliseconds(
            earlier.Select(start => start.Where(time => time.Phase == phase).Sum(time => time.Ms)).DefaultIfEmpty(0).Max());
        if (longest <= TimeSpan.Zero)
        {
            return new PhaseLimit(bound, TimeSpan.Zero);
        }

        var learned = longest * factor;
        learned = learned < least ? least : learned;
        return new PhaseLimit(learned < bound ? learned : bound, longest);
    }
}
