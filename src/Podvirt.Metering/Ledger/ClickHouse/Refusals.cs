using System.Collections.Frozen;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// Which of ClickHouse's error codes are about the rows: the same rows are refused for ever, others are not. Everything else is about the
/// server, its tables or who asks, and passes, or is mended by an operator; the rows wait for that.
/// </summary>
internal static class Refusals
{
    private static readonly FrozenSet<int> s_ofRows = new[]
    {
        53, // TYPE_MISMATCH
        69, // ARGUMENT_OUT_OF_BOUND
        70, // CANNOT_CONVERT_TYPE
        117, // INCORRECT_DATA
        128, // TOO_LARGE_ARRAY_SIZE
        131, // TOO_LARGE_STRING_SIZE
        321, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        407, // DECIMAL_OVERFLOW
        469, // VIOLATED_CONSTRAINT
    }.ToFrozenSet();

    public static bool IsOfRows(int code) => s_ofRows.Contains(code);
}
