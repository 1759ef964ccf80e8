using Podvirt.Core.Models;

namespace Podvirt.Core.Usage;

/// <summary>
/// A versioned price. A price has at most six decimals per million tokens, so one token costs a whole number of
/// picodollars (10⁻¹² USD): all money is integer arithmetic until the invoice line.
/// </summary>
/// <param name="Version">Starts at 1 for each model; 0 is "no price": free.</param>
/// <param name="EffectiveFrom">UTC; holds until the next version's moment.</param>
/// <param name="PromptPico">Picodollars for a prompt token that was not cached.</param>
/// <param name="CachedPico">Picodollars for a cached prompt token.</param>
/// <param name="CompletionPico">Picodollars for a generated token.</param>
/// <param name="EmbeddingPico">Picodollars for a token that was embedded; null: what a prompt token costs.</param>
/// <param name="VideoPico">Picodollars for a microsecond of video: the same number as millionths of a USD for a second.</param>
/// <param name="DecidedAt">UTC: when a version was set that begins later; null: it began at once.</param>
/// <param name="SetBy">Who set it through the API; null: it came with a <c>podvirt.yaml</c>.</param>
public sealed record Rate(
    string Model, int Version, DateTimeOffset EffectiveFrom, long PromptPico, long CachedPico, long CompletionPico,
    long? EmbeddingPico = null, long VideoPico = 0, DateTimeOffset? DecidedAt = null, string? SetBy = null)
{
    /// <summary>Versions are kept under this prefix, followed by the model's id.</summary>
    public const string StatePrefix = "rates/";

    /// <summary>What holds where nobody set a price.</summary>
    public static Rate Free(string model) => new(model, 0, DateTimeOffset.UnixEpoch, 0, 0, 0);

    /// <summary>USD per million tokens → picodollars per token; likewise USD per second → picodollars per microsecond. Exact for at most six decimals.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, more than six decimals, or more than a long holds.</exception>
    public static long ToPico(decimal usdPerMillion)
    {
        const decimal PicoPerUnit = 1_000_000m;
        if (usdPerMillion is < 0 or > long.MaxValue / PicoPerUnit)
        {
            throw new ArgumentOutOfRangeException(
                nameof(usdPerMillion), usdPerMillion, $"a price is not negative and at most {long.MaxValue / PicoPerUnit}");
        }
        var pico = usdPerMillion * PicoPerUnit;
        if (pico != decimal.Truncate(pico))
        {
            throw new ArgumentOutOfRangeException(nameof(usdPerMillion), usdPerMillion, "a price has at most six decimals");
        }
        return (long)pico;
    }

    /// <summary>As an operator writes it.</summary>
    public PriceSpec ToPrice()
    {
        const decimal PicoPerUnit = 1_000_000m;
        return new PriceSpec(
            PromptPico / PicoPerUnit, CachedPico / PicoPerUnit, CompletionPico / PicoPerUnit,
            EmbeddingPico is { } embedding ? embedding / PicoPerUnit : null, VideoPico / PicoPerUnit);
    }

    /// <summary>Picodollars for one unit of what is billed.</summary>
    public long PicoOf(UsageKind kind) => kind switch
    {
        UsageKind.Prompt => PromptPico,
        UsageKind.Cached => CachedPico,
        UsageKind.Completion => CompletionPico,
        UsageKind.Embedding => EmbeddingPico ?? PromptPico,
        UsageKind.Video => VideoPico,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown kind of usage"),
    };

    /// <summary>The exact cost of all that was used.</summary>
    public Cost CostOf(BilledAmounts amounts)
    {
        var pico = Int128.Zero;
        // By place: an enumerator would be allocated for every one, and running streams ask too.
        for (var i = 0; i < BilledAmounts.Kinds.Count; i++)
        {
            var kind = BilledAmounts.Kinds[i];
            pico += (Int128)amounts[kind] * PicoOf(kind);
        }
        return new Cost(pico);
    }

    public Cost CostOf(UsageRecord record) => CostOf(BilledAmounts.Of(record));
}

/// <summary>An exact amount in picodollars (10⁻¹² USD), shown as a decimal with twelve places.</summary>
public readonly record struct Cost(Int128 Pico)
{
    private const long PicoPerUsd = 1_000_000_000_000;

    public static Cost Zero => default;

    public static Cost operator +(Cost a, Cost b) => Add(a, b);

    public static Cost operator -(Cost a, Cost b) => Subtract(a, b);

    public static Cost Add(Cost a, Cost b) => new(checked(a.Pico + b.Pico));

    public static Cost Subtract(Cost a, Cost b) => new(checked(a.Pico - b.Pico));

    /// <summary>
    /// Whole cents, the one rounding of money: to the nearest, and from the middle to the even one, so that many lines do
    /// not drift one way and a credit rounds as the charge did.
    /// </summary>
    /// <exception cref="OverflowException">More than 9 × 10¹⁶ USD.</exception>
    public long ToCents()
    {
        const long PicoPerCent = PicoPerUsd / 100;
        var (cents, rest) = Int128.DivRem(Pico, PicoPerCent);
        var twice = Int128.Abs(rest) * 2;
        if (twice > PicoPerCent || (twice == PicoPerCent && Int128.IsOddInteger(cents)))
        {
            cents += Int128.Sign(Pico);
        }
        return checked((long)cents);
    }

    /// <summary>For example <c>0.000123450000</c>: always twelve decimals, so that strings compare and add exactly.</summary>
    public override string ToString()
    {
        var sign = Pico < 0 ? "-" : "";
        // Also for the smallest amount, whose negation wraps to itself.
        var abs = (UInt128)(Pico < 0 ? unchecked(-Pico) : Pico);
        return $"{sign}{abs / PicoPerUsd}.{(long)(abs % PicoPerUsd):D12}";
    }
}
