using System.Globalization;
using Podvirt.Core.Usage;
using Podvirt.Metering.Rating;

namespace Podvirt.Api;

/// <summary>A rate version. Prices are USD per million tokens, and per second of video.</summary>
/// <param name="From">When it begins.</param>
/// <param name="InForce">It holds now.</param>
/// <param name="SetAt">When it was set: earlier than <paramref name="From"/> where it was set ahead.</param>
/// <param name="SetBy">Who set it; null: it came with a <c>podvirt.yaml</c>.</param>
internal sealed record RateView(
    string Model, int Version, DateTimeOffset From, bool InForce, DateTimeOffset SetAt, string? SetBy,
    string Prompt, string Cached, string Completion, string Embeddings, string VideoSecond)
{
    public static RateView Of(Rate rate, int inForce) => new(
        rate.Model, rate.Version, rate.EffectiveFrom, rate.Version == inForce, rate.DecidedAt ?? rate.EffectiveFrom, rate.SetBy,
        Text(rate, UsageKind.Prompt), Text(rate, UsageKind.Cached), Text(rate, UsageKind.Completion), Text(rate, UsageKind.Embedding), Text(rate, UsageKind.Video));

    private static string Text(Rate rate, UsageKind kind) => (rate.PicoOf(kind) / 1_000_000m).ToString("0.00####", CultureInfo.InvariantCulture);
}

/// <summary>What a re-rating changed, or would change.</summary>
/// <param name="Id">Null: nothing was changed.</param>
/// <param name="Difference">USD that are billed more than before.</param>
/// <param name="Groups">By project and former version; null in a list.</param>
internal sealed record ReratingView(
    long? Id, bool DryRun, string Model, DateTimeOffset From, DateTimeOffset To, int RateVersion, string By, string Reason, DateTimeOffset? At,
    long Records, string Difference, IReadOnlyList<ReratedView>? Groups)
{
    public static ReratingView Of(ReratingOrder order, ReratingResult result, bool isDryRun) => new(
        result.Id, isDryRun, order.Model, order.From, order.To, order.RateVersion, order.By, order.Reason, null,
        result.Records, result.Difference.ToString(),
        [.. result.Groups.Select(g => new ReratedView(g.Project, g.OldRateVersion, g.Records, g.Difference.ToString()))]);

    public static ReratingView Of(MadeRerating made) => new(
        made.Id, false, made.Order.Model, made.Order.From, made.Order.To, made.Order.RateVersion, made.Order.By, made.Order.Reason, made.MadeAt,
        made.Records, made.Difference.ToString(), null);
}

internal sealed record ReratedView(string Project, int OldRateVersion, long Records, string Difference);
