namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>Brings the database to this program's schema.</summary>
internal static class LedgerMigration
{
    private const string VersionTable =
        "CREATE TABLE IF NOT EXISTS schema_version (version Int32, applied_at DateTime('UTC') DEFAULT now('UTC')) ENGINE = ReplacingMergeTree ORDER BY version";

    /// <summary>Several workers may do this at once: no statement harms where another one was first.</summary>
    /// <exception cref="IOException">ClickHouse does not answer or refuses a statement.</exception>
    /// <exception cref="InvalidOperationException">A newer program has been here.</exception>
    public static async Task RunAsync(ClickHouseStore store, CancellationToken cancellationToken)
    {
        await store.ExecuteOutsideAsync($"CREATE DATABASE IF NOT EXISTS `{store.Database}`", cancellationToken);
        await store.ExecuteAsync(VersionTable, cancellationToken);
        var applied = (await store.ReadAsync("SELECT max(version) FROM schema_version", SqlParameters.None, row => row.GetInt32(0), cancellationToken))[0];
        if (applied > LedgerTables.Versions.Count)
        {
            throw new InvalidOperationException(
                $"The ledger's database '{store.Database}' has schema version {applied}; this program knows {LedgerTables.Versions.Count}. Run the program that made it, or a newer one.");
        }
        for (var version = applied + 1; version <= LedgerTables.Versions.Count; version++)
        {
            foreach (var statement in LedgerTables.Versions[version - 1])
            {
                await store.ExecuteAsync(statement, cancellationToken);
            }
            await store.ExecuteAsync($"INSERT INTO schema_version (version) VALUES ({version})", cancellationToken);
        }
    }
}
