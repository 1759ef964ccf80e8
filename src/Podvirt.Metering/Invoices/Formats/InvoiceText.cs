using System.Globalization;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Invoices.Formats;

/// <summary>How an invoice's numbers are written: exact decimals, the same in every format.</summary>
public static class InvoiceText
{
    private const long MicrosPerSecond = 1_000_000;

    /// <summary>Whole tokens, or seconds with six decimals.</summary>
    public static string Quantity(InvoiceLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return IsTime(line) ? Millionths(line.Quantity) : line.Quantity.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>What <see cref="Quantity"/> counts: <c>token</c>, <c>video_second</c> or <c>gpu_second</c>.</summary>
    public static string Unit(InvoiceLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return line.Type == InvoiceLineType.ColdStart ? "gpu_second" : line.Kind == UsageKind.Video ? "video_second" : "token";
    }

    /// <summary>USD for a million tokens, or for a second, with six decimals. Of a re-rating the difference.</summary>
    public static string Price(InvoiceLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return Millionths(line.UnitPico);
    }

    /// <summary>USD with two decimals.</summary>
    public static string Amount(long cents)
    {
        var abs = (UInt128)Int128.Abs(cents);
        return $"{(cents < 0 ? "-" : "")}{abs / 100}.{(int)(abs % 100):D2}";
    }

    public static string Type(InvoiceLineType type) => type switch
    {
        InvoiceLineType.Usage => "usage",
        InvoiceLineType.LateUsage => "late_usage",
        InvoiceLineType.Rerating => "rerating",
        InvoiceLineType.ColdStart => "cold_start",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown type of line"),
    };

    /// <summary>As the price's keys in <c>podvirt.yaml</c>; <c>gpu_seconds</c> for a cold start's line.</summary>
    public static string Kind(UsageKind? kind) => kind switch
    {
        UsageKind.Prompt => "prompt",
        UsageKind.Cached => "cached",
        UsageKind.Completion => "completion",
        UsageKind.Embedding => "embeddings",
        UsageKind.Video => "video_second",
        null => "gpu_seconds",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown kind of usage"),
    };

    private static bool IsTime(InvoiceLine line) => line.Type == InvoiceLineType.ColdStart || line.Kind == UsageKind.Video;

    private static string Millionths(long amount)
    {
        var abs = (UInt128)Int128.Abs(amount);
        return $"{(amount < 0 ? "-" : "")}{abs / MicrosPerSecond}.{(int)(abs % MicrosPerSecond):D6}";
    }
}
