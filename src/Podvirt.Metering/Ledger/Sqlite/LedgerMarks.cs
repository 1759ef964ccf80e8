using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>Single numbers that the ledger keeps of itself.</summary>
internal static class LedgerMarks
{
    /// <summary>Start of the first minute that was not removed.</summary>
    public const string MinutesFrom = "minutes_from_us";

    /// <summary>0 where the rollups must be made from the raw records, as after a change of their shape.</summary>
    public const string RollupsReady = "rollups_ready";

    public const string Select = "SELECT value FROM ledger_mark WHERE name = $name";

    public const string Raise =
        "INSERT INTO ledger_mark (name, value) VALUES ($name, $value) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)";

    /// <summary>Null where the mark was never set.</summary>
    public static long? Read(Statement select, string name)
    {
        select.Bind(1, name);
        long? value = null;
        while (select.Step())
        {
            value = select.Number(0);
        }
        return value;
    }
}
