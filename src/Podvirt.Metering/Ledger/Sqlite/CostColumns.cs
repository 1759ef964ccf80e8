using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>A cost as two integers: whole USD, and picodollars from 0 to 10¹² − 1.</summary>
internal static class CostColumns
{
    private const long PicoPerUsd = 1_000_000_000_000;

    /// <summary>Picodollars are summed in two halves of six digits each: SQLite's 64-bit sum then holds for 10¹² rows.</summary>
    private const long HalfPico = 1_000_000;

    /// <summary>
    /// Three sums that <see cref="FromSums"/> puts together. SQLite's <c>sum</c> of integers is exact and fails on overflow;
    /// a single sum of picodollars would reach that after nine million rows.
    /// </summary>
    public const string Sums = "sum(cost_usd), sum(cost_pico / 1000000), sum(cost_pico % 1000000)";

    /// <summary>The same of a table that is joined with others.</summary>
    public static string SumsOf(string table) => $"sum({table}.cost_usd), sum({table}.cost_pico / 1000000), sum({table}.cost_pico % 1000000)";

    /// <exception cref="OverflowException">More than 9 × 10¹⁸ USD.</exception>
    public static (long Usd, long Pico) Split(Cost cost)
    {
        var pico = (long)(((cost.Pico % PicoPerUsd) + PicoPerUsd) % PicoPerUsd);
        return (checked((long)((cost.Pico - pico) / PicoPerUsd)), pico);
    }

    /// <summary>A cost as the three numbers that may be summed.</summary>
    /// <exception cref="OverflowException">More than 9 × 10¹⁸ USD.</exception>
    public static (long Usd, long High, long Low) Parts(Cost cost)
    {
        var (usd, pico) = Split(cost);
        return (usd, pico / HalfPico, pico % HalfPico);
    }

    public static Cost Join(long usd, long pico) => new(((Int128)usd * PicoPerUsd) + pico);

    public static Cost FromSums(long usd, long high, long low) => new(((Int128)usd * PicoPerUsd) + ((Int128)high * HalfPico) + low);
}
