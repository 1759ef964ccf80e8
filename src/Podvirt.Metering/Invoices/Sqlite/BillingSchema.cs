namespace Podvirt.Metering.Invoices.Sqlite;

/// <summary>What the ledger keeps for invoices beside the usage. All of it only grows.</summary>
internal static class BillingSchema
{
    /// <summary>
    /// An adjustment repeats what usage is filtered and grouped by, so that sums of money take it along without a join. Late usage is what
    /// was added when its month had been closed. A closed month says up to which adjustment and which late usage its invoices go; it is
    /// issued once they are made. Invoices are kept as they were made: the triggers refuse anything else.
    /// </summary>
    public const string Tables =
        """
        CREATE TABLE rerating (
          id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
          made_us INTEGER NOT NULL,
          made_by TEXT NOT NULL,
          reason TEXT NOT NULL,
          model TEXT NOT NULL,
          from_us INTEGER NOT NULL,
          to_us INTEGER NOT NULL,
          rate_version INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE adjustment (
          seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
          rerating INTEGER NOT NULL REFERENCES rerating (id),
          usage_id BLOB NOT NULL REFERENCES usage (id),
          project TEXT NOT NULL,
          key TEXT NOT NULL,
          model TEXT NOT NULL,
          revision INTEGER NOT NULL,
          outcome TEXT NOT NULL,
          ended_us INTEGER NOT NULL,
          old_version INTEGER NOT NULL,
          new_version INTEGER NOT NULL,
          cost_usd INTEGER NOT NULL,
          cost_pico INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX adjustment_by_usage ON adjustment (usage_id, seq);
        CREATE INDEX adjustment_by_time ON adjustment (ended_us);
        CREATE INDEX adjustment_by_rerating ON adjustment (rerating);
        CREATE TABLE late_usage (
          seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
          usage_id BLOB NOT NULL UNIQUE REFERENCES usage (id)
        ) STRICT;
        CREATE TABLE closed_month (
          month_us INTEGER NOT NULL PRIMARY KEY,
          end_us INTEGER NOT NULL,
          closed_us INTEGER NOT NULL,
          adjustments_to INTEGER NOT NULL,
          late_to INTEGER NOT NULL,
          issued_us INTEGER
        ) STRICT;
        CREATE TABLE invoice (
          number INTEGER NOT NULL PRIMARY KEY,
          project TEXT NOT NULL,
          month_us INTEGER NOT NULL REFERENCES closed_month (month_us),
          document TEXT NOT NULL,
          UNIQUE (project, month_us)
        ) STRICT;
        CREATE TRIGGER adjustment_stays_unchanged BEFORE UPDATE ON adjustment BEGIN SELECT RAISE(ABORT, 'an adjustment stays as it was made'); END;
        CREATE TRIGGER adjustment_stays BEFORE DELETE ON adjustment BEGIN SELECT RAISE(ABORT, 'an adjustment stays as it was made'); END;
        CREATE TRIGGER invoice_stays_unchanged BEFORE UPDATE ON invoice BEGIN SELECT RAISE(ABORT, 'an invoice stays as it was made'); END;
        CREATE TRIGGER invoice_stays BEFORE DELETE ON invoice BEGIN SELECT RAISE(ABORT, 'an invoice stays as it was made'); END;
        """;
}
