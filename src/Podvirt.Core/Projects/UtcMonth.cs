namespace Podvirt.Core.Projects;

/// <summary>A UTC calendar month: the period of plans and budgets.</summary>
/// <param name="Number">Months since the beginning of year 1: the next month has the next number.</param>
public readonly record struct UtcMonth(int Number) : IComparable<UtcMonth>
{
    private const int MonthsOfYear = 12;

    /// <summary>Its first moment.</summary>
    public DateTimeOffset Start => new((Number / MonthsOfYear) + 1, (Number % MonthsOfYear) + 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The next one's first moment.</summary>
    public DateTimeOffset End => Next.Start;

    public UtcMonth Next => new(Number + 1);

    public UtcMonth Before => new(Number - 1);

    public static UtcMonth Of(DateTimeOffset moment)
    {
        var utc = moment.UtcDateTime;
        return new UtcMonth(((utc.Year - 1) * MonthsOfYear) + utc.Month - 1);
    }

    public static bool operator <(UtcMonth a, UtcMonth b) => a.Number < b.Number;

    public static bool operator >(UtcMonth a, UtcMonth b) => a.Number > b.Number;

    public static bool operator <=(UtcMonth a, UtcMonth b) => a.Number <= b.Number;

    public static bool operator >=(UtcMonth a, UtcMonth b) => a.Number >= b.Number;

    public int CompareTo(UtcMonth other) => Number.CompareTo(other.Number);
}
