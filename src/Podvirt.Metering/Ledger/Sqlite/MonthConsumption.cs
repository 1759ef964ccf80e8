using Microsoft.Data.Sqlite;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>
/// What each key used of each model in each UTC month, kept in the commit that adds the records: what limits are compared with
/// must be known at once when a gateway starts, however long the ledger is.
/// </summary>
internal static class MonthConsumption
{
    /// <summary>The table, filled from the records that are there. Costs are kept as <see cref="CostColumns"/> keeps them; the sum's picodollars may exceed one USD.</summary>
    public const string Migration =
        """
        CREATE TABLE consumption (
          month INTEGER NOT NULL,
          project TEXT NOT NULL,
          key TEXT NOT NULL,
          model TEXT NOT NULL,
          tokens INTEGER NOT NULL,
          video_us INTEGER NOT NULL,
          cost_usd INTEGER NOT NULL,
          cost_pico INTEGER NOT NULL,
          PRIMARY KEY (month, project, key, model)
        ) STRICT, WITHOUT ROWID;
        """ + Fill;

    /// <summary>Whole seconds, cut downwards before 1970 too.</summary>
    private const string Second = "(ended_us - ((ended_us % 1000000) + 1000000) % 1000000) / 1000000";

    /// <summary>The same from the raw rows. Months are counted as <see cref="UtcMonth.Number"/> counts them.</summary>
    private const string FromRaw =
        $"""
        SELECT (CAST(strftime('%Y', {Second}, 'unixepoch') AS INTEGER) - 1) * 12 + CAST(strftime('%m', {Second}, 'unixepoch') AS INTEGER) - 1,
          project, key, model, sum(prompt + completion), sum(video_us),
          sum(cost_usd) + sum(cost_pico / 1000000) / 1000000,
          (sum(cost_pico / 1000000) % 1000000) * 1000000 + sum(cost_pico % 1000000)
        FROM usage WHERE source = '{UsageNames.Engine}' GROUP BY 1, 2, 3, 4
        """;

    private const string Fill = $"INSERT INTO consumption {FromRaw};";

    private const string Kept = "SELECT month, project, key, model, tokens, video_us, cost_usd, cost_pico FROM consumption";

    private const string Add =
        """
        INSERT INTO consumption (month, project, key, model, tokens, video_us, cost_usd, cost_pico)
        VALUES ($month, $project, $key, $model, $tokens, $video_us, $cost_usd, $cost_pico)
        ON CONFLICT (month, project, key, model) DO UPDATE SET
          tokens = tokens + excluded.tokens, video_us = video_us + excluded.video_us,
          cost_usd = cost_usd + excluded.cost_usd + (cost_pico + excluded.cost_pico) / 1000000000000,
          cost_pico = (cost_pico + excluded.cost_pico) % 1000000000000
        """;

    public static List<Consumed> Read(SqliteConnection connection, UtcMonth month)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"{Kept} WHERE month = $month";
        command.Parameters.AddWithValue("$month", month.Number);
        return [.. Rows(command).Select(row => row.Consumed)];
    }

    /// <summary>One line for each row that disagrees with the raw rows.</summary>
    public static IEnumerable<string> Differences(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: true);
        using var kept = connection.CreateCommand();
        kept.CommandText = Kept;
        using var raw = connection.CreateCommand();
        raw.CommandText = FromRaw;
        var inTable = Rows(kept).ToHashSet();
        var inRaw = Rows(raw).ToHashSet();
        return [.. inTable.Except(inRaw).Select(row => $"consumption {row}: not in the raw rows"), .. inRaw.Except(inTable).Select(row => $"consumption {row}: only in the raw rows")];
    }

    private static List<(long Month, Consumed Consumed)> Rows(SqliteCommand command)
    {
        using var reader = command.ExecuteReader();
        var rows = new List<(long, Consumed)>();
        while (reader.Read())
        {
            var cost = CostColumns.Join(reader.GetInt64(6), reader.GetInt64(7));
            rows.Add((reader.GetInt64(0), new Consumed(reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetInt64(4), reader.GetInt64(5), cost)));
        }
        return rows;
    }

    /// <summary>Gathers a batch's records, then adds them.</summary>
    internal sealed class Batch
    {
        private readonly Dictionary<(UtcMonth Month, string Project, string Key, string Model), Sum> _sums = [];

        public static string Sql => Add;

        public void Note(RatedRecord rated)
        {
            var record = rated.Record;
            if (record.Source != UsageSource.Engine)
            {
                return;
            }
            var place = (UtcMonth.Of(record.EndedAt), record.Project, record.Key, record.Model);
            var sum = _sums.GetValueOrDefault(place);
            _sums[place] = new Sum(checked(sum.Tokens + record.Tokens.Prompt + record.Tokens.Completion), checked(sum.VideoUs + record.VideoUs), sum.Cost + rated.Cost);
        }

        public void Save(Statement add)
        {
            foreach (var (place, sum) in _sums)
            {
                var (usd, pico) = CostColumns.Split(sum.Cost);
                add.Bind(1, place.Month.Number);
                add.Bind(2, place.Project);
                add.Bind(3, place.Key);
                add.Bind(4, place.Model);
                add.Bind(5, sum.Tokens);
                add.Bind(6, sum.VideoUs);
                add.Bind(7, usd);
                add.Bind(8, pico);
                add.Execute();
            }
        }

        private readonly record struct Sum(long Tokens, long VideoUs, Cost Cost);
    }
}
