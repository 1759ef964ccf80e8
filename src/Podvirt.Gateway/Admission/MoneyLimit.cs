namespace Podvirt.Gateway.Admission;

/// <summary>A budget in USD as picodollars (10⁻¹² USD), in which records cost whole numbers.</summary>
internal static class MoneyLimit
{
    private const decimal PicoPerUsd = 1_000_000_000_000m;

    public static Int128 ToPico(decimal usd)
    {
        var whole = decimal.Truncate(usd);
        return ((Int128)whole * (Int128)PicoPerUsd) + (Int128)((usd - whole) * PicoPerUsd);
    }
}
