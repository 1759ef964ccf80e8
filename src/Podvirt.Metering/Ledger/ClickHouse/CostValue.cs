using System.Numerics;
using ClickHouse.Driver.Numerics;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>Money as ClickHouse keeps it: <c>Decimal(38, 12)</c>, a whole number of picodollars.</summary>
internal static class CostValue
{
    /// <summary>Digits behind the point of every amount of money.</summary>
    public const int Scale = 12;

    /// <summary>What one record may cost: 9 × 10¹⁸ USD, as in every ledger.</summary>
    private static readonly Int128 s_picoMax = (Int128)long.MaxValue * 1_000_000_000_000;

    public static ClickHouseDecimal ToDecimal(Cost cost) => new((BigInteger)cost.Pico, Scale);

    public static Cost ToCost(object value)
    {
        var amount = (ClickHouseDecimal)value;
        return new Cost((Int128)(amount.Mantissa * BigInteger.Pow(10, Scale - amount.Scale)));
    }

    /// <exception cref="OverflowException">It costs more than a ledger keeps.</exception>
    public static void Check(RatedRecord rated)
    {
        if (Int128.Abs(rated.Cost.Pico) > s_picoMax)
        {
            throw new OverflowException($"record {rated.Record.Id} costs {rated.Cost} USD, more than a ledger keeps");
        }
    }
}
