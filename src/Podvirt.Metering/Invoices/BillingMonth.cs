using System.Globalization;
using System.Runtime.InteropServices;

namespace Podvirt.Metering.Invoices;

/// <summary>A UTC calendar month: from its first microsecond to before the next month's.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BillingMonth : IComparable<BillingMonth>
{
    private const string Format = "yyyy-MM";

    private readonly int _index;

    private BillingMonth(int index) => _index = index;

    public DateTimeOffset Start => new((_index / 12) + 1, (_index % 12) + 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The first moment of the next month.</summary>
    public DateTimeOffset End => Next.Start;

    public BillingMonth Next => new(_index + 1);

    /// <summary>The month that holds a moment, wherever that was read off.</summary>
    public static BillingMonth Of(DateTimeOffset moment)
    {
        var utc = moment.UtcDateTime;
        return new BillingMonth(((utc.Year - 1) * 12) + utc.Month - 1);
    }

    public static bool operator <(BillingMonth left, BillingMonth right) => left.CompareTo(right) < 0;

    public static bool operator >(BillingMonth left, BillingMonth right) => left.CompareTo(right) > 0;

    public static bool operator <=(BillingMonth left, BillingMonth right) => left.CompareTo(right) <= 0;

    public static bool operator >=(BillingMonth left, BillingMonth right) => left.CompareTo(right) >= 0;

    /// <param name="text">For example <c>2026-02</c>.</param>
    public static bool TryParse(string text, out BillingMonth month)
    {
        var isMonth = DateTimeOffset.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var start)
            // The last one has no next.
            && start.Year < 9999;
        month = isMonth ? Of(start) : default;
        return isMonth;
    }

    public int CompareTo(BillingMonth other) => _index.CompareTo(other._index);

    /// <summary>For example <c>2026-02</c>.</summary>
    public override string ToString() => Start.ToString(Format, CultureInfo.InvariantCulture);
}
