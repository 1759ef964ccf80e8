using Podvirt.Metering.Invoices.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>The ledger's tables.</summary>
internal static class LedgerSchema
{
    /// <summary>
    /// A cost stands in two integers, whole USD and the remaining picodollars (0 to 10¹² − 1): exact, readable, and beyond
    /// what one 64-bit integer holds. See <see cref="LedgerQueries"/> for how they are summed.
    /// </summary>
    private const string Usage =
        $"""
        CREATE TABLE usage (
          {UsageColumns.Definition},
          ended_us INTEGER NOT NULL,
          rate_version INTEGER NOT NULL,
          cost_usd INTEGER NOT NULL,
          cost_pico INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX usage_by_time ON usage (ended_us);
        CREATE INDEX usage_by_model ON usage (model, ended_us);
        CREATE INDEX usage_by_key ON usage (key, ended_us);
        CREATE INDEX usage_by_project ON usage (project, ended_us);
        """;

    private const string RollupColumns =
        """
        (
          bucket_us INTEGER NOT NULL,
          project TEXT NOT NULL,
          model TEXT NOT NULL,
          revision INTEGER NOT NULL,
          rate_version INTEGER NOT NULL,
          completed INTEGER NOT NULL,
          cancelled INTEGER NOT NULL,
          truncated INTEGER NOT NULL,
          failed INTEGER NOT NULL,
          unreported INTEGER NOT NULL,
          prompt INTEGER NOT NULL,
          cached INTEGER NOT NULL,
          completion INTEGER NOT NULL,
          reasoning INTEGER NOT NULL,
          requests INTEGER NOT NULL,
          duration_us INTEGER NOT NULL,
          first_tokens INTEGER NOT NULL,
          first_token_us INTEGER NOT NULL,
          parked_us INTEGER NOT NULL,
          cold_starts INTEGER NOT NULL,
          PRIMARY KEY (bucket_us, project, model, revision, rate_version)
        ) STRICT, WITHOUT ROWID;
        """;

    public static IReadOnlyList<string> Migrations { get; } =
    [
        $"{Usage} CREATE TABLE rollup_minute {RollupColumns} CREATE TABLE rollup_hour {RollupColumns}",
        UsageColumns.Added("usage"),
        UsageColumns.AddedQuote("usage") + BillingSchema.Tables,
        MonthConsumption.Migration,
    ];
}
