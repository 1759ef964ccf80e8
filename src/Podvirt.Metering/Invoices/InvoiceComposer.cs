using Podvirt.Core.Projects;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Invoices;

/// <summary>What was used → invoices. Pure.</summary>
internal sealed class InvoiceComposer(Func<string, int, Rate?> rates, BillingParties parties)
{
    /// <summary>One invoice for each project, by its name.</summary>
    /// <exception cref="InvoiceException">A rate version is unknown, or the records' costs are not quantity × price.</exception>
    public IReadOnlyList<Invoice> Compose(UtcMonth month, IReadOnlyList<BilledGroup> groups, IReadOnlyList<ColdStartTime> coldStarts) =>
    [
        .. groups.GroupBy(g => g.Project, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g =>
            Compose(month, g.Key, [.. g], [.. coldStarts.Where(c => c.Project == g.Key)])),
    ];

    public Invoice Compose(UtcMonth month, string project, IReadOnlyList<BilledGroup> groups, IReadOnlyList<ColdStartTime> coldStarts)
    {
        var lines = groups
            .OrderBy(g => g.Type).ThenBy(g => g.Month).ThenBy(g => g.Model, StringComparer.Ordinal).ThenBy(g => g.OldRateVersion).ThenBy(g => g.RateVersion)
            .SelectMany(LinesOf)
            .Concat(coldStarts.OrderBy(c => c.Model, StringComparer.Ordinal).Select(c =>
                InvoiceLine.Of(InvoiceLineType.ColdStart, month, c.Model, null, 0, null, c.GpuMicroseconds, 0)));
        long Count(InvoiceLineType type, Func<BilledGroup, long> count) => groups.Where(g => g.Type == type).Sum(count);
        return new Invoice(
            null, project, month, null, parties.Seller, parties.CustomerOf(project),
            Count(InvoiceLineType.Usage, g => g.Requests), Count(InvoiceLineType.Usage, g => g.Unreported), Count(InvoiceLineType.LateUsage, g => g.Requests),
            [.. lines]);
    }

    private List<InvoiceLine> LinesOf(BilledGroup group)
    {
        var rate = RateOf(group.Model, group.RateVersion);
        var before = group.OldRateVersion is { } old ? RateOf(group.Model, old) : null;
        var lines = new List<InvoiceLine>();
        var exact = Cost.Zero;
        foreach (var kind in BilledAmounts.Kinds)
        {
            var unit = rate.PicoOf(kind) - (before?.PicoOf(kind) ?? 0);
            if (group.Amounts[kind] > 0 && (unit != 0 || before is null))
            {
                lines.Add(InvoiceLine.Of(group.Type, group.Month, group.Model, kind, group.RateVersion, group.OldRateVersion, group.Amounts[kind], unit));
                exact += lines[^1].Exact;
            }
        }
        return exact == group.Cost
            ? lines
            : throw new InvoiceException(
                $"{group.Project}, {group.Month}, {group.Model}, rate version {group.RateVersion}: the records cost {group.Cost} USD, but quantity × price is {exact} USD");
    }

    private Rate RateOf(string model, int version) =>
        rates(model, version) ?? throw new InvoiceException($"rate version {version} of {model} is on the ledger, but not among the rates");
}

/// <summary>The ledger and the rates disagree, so no invoice can be made.</summary>
public sealed class InvoiceException(string message) : Exception(message);

/// <summary>Who stands on the invoices.</summary>
/// <param name="Customers">By project; others are known by the project's name alone.</param>
public sealed record BillingParties(InvoiceParty Seller, IReadOnlyDictionary<string, InvoiceParty> Customers)
{
    public static BillingParties None { get; } = new(InvoiceParty.Nobody, new Dictionary<string, InvoiceParty>());

    public InvoiceParty CustomerOf(string project) => Customers.TryGetValue(project, out var customer) ? customer : InvoiceParty.Nobody;
}

/// <summary>Where gpu time of cold starts comes from.</summary>
public interface IColdStartTimes
{
    /// <summary>By project and model, for the free line of an invoice.</summary>
    /// <param name="project">Null: all.</param>
    ValueTask<IReadOnlyList<ColdStartTime>> GpuSecondsAsync(
        DateTimeOffset from, DateTimeOffset to, string? project, CancellationToken cancellationToken = default);
}

/// <param name="GpuMicroseconds">Of all gpus together.</param>
public sealed record ColdStartTime(string Project, string Model, long GpuMicroseconds);
