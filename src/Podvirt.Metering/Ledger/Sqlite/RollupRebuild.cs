using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>Makes the rollups of a ledger that has none of today's shape. In one commit: an interrupted one begins again.</summary>
internal static class RollupRebuild
{
    private const int BatchMax = 10_000;

    /// <exception cref="DataFileException">The file cannot be read or written.</exception>
    public static void RunWhereNeeded(DataFile file, DateTimeOffset minutesFrom)
    {
        try
        {
            using var session = new LedgerSession(file.OpenWriter());
            if (session.RollupsAreReady())
            {
                return;
            }
            session.Begin(StateDurability.Machine);
            session.RemoveMinutes(Micros.FloorTo(Micros.Of(minutesFrom), Micros.Minute));
            using (var reading = file.OpenReader())
            using (var raw = new RawReader(reading))
            {
                foreach (var batch in raw.Read(long.MinValue, long.MaxValue).Chunk(BatchMax))
                {
                    session.RollUp(batch);
                }
            }
            session.Mark(LedgerMarks.RollupsReady, 1);
            session.Commit();
        }
        catch (Exception error)
        {
            throw file.Explain(error);
        }
    }
}
