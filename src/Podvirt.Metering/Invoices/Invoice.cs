using Podvirt.Core.Projects;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Invoices;

/// <summary>What a line is about.</summary>
public enum InvoiceLineType
{
    /// <summary>What was used in the invoice's own month.</summary>
    Usage,

    /// <summary>What was used in an earlier month and reached the ledger when that was closed.</summary>
    LateUsage,

    /// <summary>The difference that a re-rating made to what was used in the line's month.</summary>
    Rerating,

    /// <summary>Gpu time in which models started for the project's requests: shown, not charged.</summary>
    ColdStart,
}

/// <summary>One line. Its exact amount is quantity × unit price.</summary>
/// <param name="Month">When it was used.</param>
/// <param name="Kind">Null for <see cref="InvoiceLineType.ColdStart"/>.</param>
/// <param name="RateVersion">The version that the unit price is of; of a re-rating the new one.</param>
/// <param name="OldRateVersion">Of a re-rating the version before; else null.</param>
/// <param name="Quantity">Tokens; microseconds of video or of gpu time.</param>
/// <param name="UnitPico">Picodollars for one of <paramref name="Quantity"/>; of a re-rating the difference, which may be negative.</param>
/// <param name="Cents">The exact amount, rounded. Kept with a final invoice, whatever the rule becomes.</param>
public sealed record InvoiceLine(
    InvoiceLineType Type, UtcMonth Month, string Model, UsageKind? Kind, int RateVersion, int? OldRateVersion, long Quantity, long UnitPico, long Cents)
{
    public Cost Exact => ExactOf(Quantity, UnitPico);

    /// <summary>A line with its rounded amount.</summary>
    public static InvoiceLine Of(
        InvoiceLineType type, UtcMonth month, string model, UsageKind? kind, int rateVersion, int? oldRateVersion, long quantity, long unitPico) =>
        new(type, month, model, kind, rateVersion, oldRateVersion, quantity, unitPico, ExactOf(quantity, unitPico).ToCents());

    private static Cost ExactOf(long quantity, long unitPico) => new((Int128)quantity * unitPico);
}

/// <summary>Who issues an invoice, or who gets it.</summary>
/// <param name="Name">Empty: nobody said.</param>
/// <param name="Address">Line by line.</param>
public sealed record InvoiceParty(string Name, IReadOnlyList<string> Address)
{
    public static InvoiceParty Nobody { get; } = new("", []);
}

/// <summary>What a project owes for a month. A draft is computed anew whenever it is looked at; a final one stays as it was made.</summary>
/// <param name="Number">Null: a draft. Numbers run through all projects, from 1, without a gap.</param>
/// <param name="IssuedAt">When it became final; null: a draft.</param>
/// <param name="Requests">Of the month, as far as they are on this invoice.</param>
/// <param name="Unreported">Those of <paramref name="Requests"/> for which the engine reported no usage, or none that can be: billed at zero.</param>
/// <param name="LateRequests">Of earlier months.</param>
public sealed record Invoice(
    long? Number, string Project, UtcMonth Month, DateTimeOffset? IssuedAt, InvoiceParty Seller, InvoiceParty Customer,
    long Requests, long Unreported, long LateRequests, IReadOnlyList<InvoiceLine> Lines)
{
    public const string Currency = "USD";

    private const string DraftPrefix = "draft-";

    /// <summary>From a month's end until its invoices become final.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromHours(24);

    /// <summary>What the project was called when the invoice was made.</summary>
    public string ProjectName { get; init; } = "";

    /// <summary>The number with six digits at least, or <c>draft-2026-02-PROJECT</c>.</summary>
    public string Id => Number is { } number ? IdOf(number) : DraftId(Project, Month);

    /// <summary>The sum of the lines' exact amounts.</summary>
    public Cost Exact => Lines.Aggregate(Cost.Zero, (sum, line) => sum + line.Exact);

    /// <summary>What is to be paid: the sum of the lines' rounded amounts.</summary>
    public long Cents => Lines.Aggregate(0L, (sum, line) => checked(sum + line.Cents));

    public static string IdOf(long number) => number.ToString("D6", System.Globalization.CultureInfo.InvariantCulture);

    public static string DraftId(string project, UtcMonth month) => $"{DraftPrefix}{month}-{project}";

    /// <summary>False when it is no draft's id.</summary>
    public static bool TryParseDraftId(string id, out string project, out UtcMonth month)
    {
        ArgumentNullException.ThrowIfNull(id);
        const int MonthLength = 7;
        (project, month) = ("", default);
        if (!id.StartsWith(DraftPrefix, StringComparison.Ordinal) || id.Length <= DraftPrefix.Length + MonthLength + 1
            || id[DraftPrefix.Length + MonthLength] != '-'
            || !UtcMonth.TryParse(id.Substring(DraftPrefix.Length, MonthLength), out month))
        {
            return false;
        }
        project = id[(DraftPrefix.Length + MonthLength + 1)..];
        return true;
    }
}
