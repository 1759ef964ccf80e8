using System.Globalization;

namespace Podvirt.Core.Projects;

/// <summary>A UTC calendar month: the period of plans and budgets.</summary>
/// <param name="Number">Months since the beginning of year 1: the next month has the next number.</param>
public readonly record struct UtcMonth(int Number) : IComparable<UtcMonth>
{
    private const int MonthsOfYear = 12;
    private const string Format = "yyyy-MM";

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

    /// <param name="text">For example <c>2026-02</c>.</param>
    /// <param name="month">It.</param>
    public static bool TryParse(string text, out UtcMonth month)
    {
        var isMonth = DateTimeOffset.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start)
            // The last one has no next.
            && start.Year < DateTimeOffset.MaxValue.Year;
        month = isMonth ? Of(start) : default;
        return isMonth;
    }

    public int CompareTo(UtcMonth other) => Number.CompareTo(other.Number);

    /// <summary>For example <c>2026-02</c>.</summary>
    public override string ToString() => Start.ToString(Format, CultureInfo.InvariantCulture);
}
