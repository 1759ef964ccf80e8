using Podvirt.Metering.Invoices.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>The ledger's tables.</summary>
internal static class LedgerSchema
{
    /// <summary>
    /// A cost stands in two integers, whole USD and the remaining picodollars (0 to 10¹² − 1): exact, readable, and beyond
    /// what one 64-bit integer holds. See <see cref="CostColumns"/> for how they are summed.
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

    private const string FirstRollupColumns =
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

    private const string RollupColumns =
        """
          completed INTEGER NOT NULL,
          cancelled INTEGER NOT NULL,
          truncated INTEGER NOT NULL,
          failed INTEGER NOT NULL,
          unreported INTEGER NOT NULL,
          quarantined INTEGER NOT NULL,
          prompt INTEGER NOT NULL,
          cached INTEGER NOT NULL,
          completion INTEGER NOT NULL,
          reasoning INTEGER NOT NULL,
          embedding INTEGER NOT NULL,
          video_us INTEGER NOT NULL,
          decode_us INTEGER NOT NULL,
          cost_usd INTEGER NOT NULL,
          cost_high INTEGER NOT NULL,
          cost_low INTEGER NOT NULL,
          duration_us INTEGER NOT NULL,
          first_tokens INTEGER NOT NULL,
          first_token_us INTEGER NOT NULL,
          cold_starts INTEGER NOT NULL,
          cold_start_us INTEGER NOT NULL,
          parked INTEGER NOT NULL,
          parked_us INTEGER NOT NULL,
          durations BLOB NOT NULL,
          first_token_durations BLOB NOT NULL,
        """;

    private const string ByModel =
        $"(bucket_us INTEGER NOT NULL, model TEXT NOT NULL, revision INTEGER NOT NULL, {RollupColumns} "
        + "PRIMARY KEY (bucket_us, model, revision)) STRICT, WITHOUT ROWID;";

    private const string ByProject =
        $"(project TEXT NOT NULL, bucket_us INTEGER NOT NULL, model TEXT NOT NULL, revision INTEGER NOT NULL, {RollupColumns} "
        + "PRIMARY KEY (project, bucket_us, model, revision)) STRICT, WITHOUT ROWID;";

    private const string Adjusted =
        "cost_usd = cost_usd + NEW.cost_usd, cost_high = cost_high + NEW.cost_pico / 1000000, cost_low = cost_low + NEW.cost_pico % 1000000";

    private const string GroupOfAdjustment = "model = NEW.model AND revision = NEW.revision";

    private const string MinuteOfAdjustment = "NEW.ended_us - ((NEW.ended_us % 60000000) + 60000000) % 60000000";

    private const string HourOfAdjustment = "NEW.ended_us - ((NEW.ended_us % 3600000000) + 3600000000) % 3600000000";

    /// <summary>
    /// Rollups twice over: a dashboard of everything reads one row for each model and hour however many projects there are, one
    /// of a project reads that project's alone. Their cost is what is billed, so an adjustment changes it in its own commit. The mark <see cref="LedgerMarks.RollupsReady"/> is 0 where they must first be made from raw rows.
    /// </summary>
    private const string Rollups =
        $"""
        DROP TABLE rollup_minute;
        DROP TABLE rollup_hour;
        CREATE TABLE minute_by_model {ByModel}
        CREATE TABLE hour_by_model {ByModel}
        CREATE TABLE minute_by_project {ByProject}
        CREATE TABLE hour_by_project {ByProject}
        CREATE INDEX minute_by_project_time ON minute_by_project (bucket_us);
        CREATE INDEX hour_by_project_time ON hour_by_project (bucket_us);
        CREATE TABLE model_total (model TEXT NOT NULL PRIMARY KEY, requests INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE ledger_mark (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO ledger_mark SELECT 'rollups_ready', NOT EXISTS (SELECT 1 FROM usage);
        CREATE INDEX usage_by_outcome ON usage (outcome, ended_us) WHERE outcome <> 'completed';
        CREATE INDEX usage_by_source ON usage (source, ended_us) WHERE source <> 'engine';
        CREATE TRIGGER adjustment_is_rolled_up AFTER INSERT ON adjustment BEGIN
          UPDATE minute_by_model SET {Adjusted} WHERE bucket_us = {MinuteOfAdjustment} AND {GroupOfAdjustment};
          UPDATE hour_by_model SET {Adjusted} WHERE bucket_us = {HourOfAdjustment} AND {GroupOfAdjustment};
          UPDATE minute_by_project SET {Adjusted} WHERE project = NEW.project AND bucket_us = {MinuteOfAdjustment} AND {GroupOfAdjustment};
          UPDATE hour_by_project SET {Adjusted} WHERE project = NEW.project AND bucket_us = {HourOfAdjustment} AND {GroupOfAdjustment};
        END;
        """;

    public static IReadOnlyList<string> Migrations { get; } =
    [
        $"{Usage} CREATE TABLE rollup_minute {FirstRollupColumns} CREATE TABLE rollup_hour {FirstRollupColumns}",
        UsageColumns.Added("usage"),
        UsageColumns.AddedQuote("usage") + BillingSchema.Tables,
        MonthConsumption.Migration,
        Rollups,
        GpuTimeTable.Migration,
    ];
}
