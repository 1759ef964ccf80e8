using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Rating.Sqlite;

/// <summary>Re-ratings in the ledger's file.</summary>
internal sealed class SqliteReratingLedger(SqliteLedger ledger) : IReratingLedger
{
    /// <summary>Records of one step: some tens of milliseconds, in which the ledger takes no usage.</summary>
    private const int StepMax = 2_000;

    public ValueTask<ReratingStep> RerateAsync(
        ReratingOrder order, Rate rate, ReratingStep? step, DateTimeOffset? madeAt, CancellationToken cancellationToken = default)
    {
        return madeAt is { } moment
            ? ledger.WriteAsync(connection => Make(connection, order, rate, step, moment), cancellationToken)
            : ledger.ReadAsync(connection => StepOf(Read(connection, order, rate, step), id: null), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<MadeRerating>> ListReratingsAsync(CancellationToken cancellationToken = default) =>
        await ledger.ReadAsync(List, cancellationToken);

    private static ReratingStep Make(SqliteConnection connection, ReratingOrder order, Rate rate, ReratingStep? step, DateTimeOffset madeAt)
    {
        var looked = Read(connection, order, rate, step);
        var id = step?.Id;
        if (looked.Exists(l => l.IsChanged))
        {
            id ??= Begin(connection, order, madeAt);
            Insert(connection, id.Value, rate, looked);
        }
        return StepOf(looked, id);
    }

    private static ReratingStep StepOf(List<Looked> looked, long? id)
    {
        var changed = looked.Where(l => l.IsChanged).Select(l => new ReratedGroup(l.Record.Project, l.BilledBy, 1, l.Difference));
        return looked.Count == 0
            ? new ReratingStep(id, 0, 0, true, [])
            : new ReratingStep(id, Micros.Of(looked[^1].Record.EndedAt), looked[^1].Row, looked.Count < StepMax, Rerater.Sum(changed));
    }

    /// <summary>In the order of the index, so that a step goes on where the last one stopped.</summary>
    private static List<Looked> Read(SqliteConnection connection, ReratingOrder order, Rate rate, ReratingStep? step)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT rowid, rate_version, cost_usd, cost_pico,
              (SELECT a.new_version FROM adjustment a WHERE a.usage_id = usage.id ORDER BY a.seq DESC LIMIT 1),
              (SELECT sum(a.cost_usd) FROM adjustment a WHERE a.usage_id = usage.id),
              (SELECT sum(a.cost_pico) FROM adjustment a WHERE a.usage_id = usage.id),
              {UsageColumns.List}
            FROM usage WHERE model = $model AND ended_us >= $from AND ended_us < $to AND (ended_us, rowid) > ($at, $row)
            ORDER BY ended_us, rowid LIMIT {StepMax}
            """;
        command.Parameters.AddWithValue("$model", order.Model);
        command.Parameters.AddWithValue("$from", Micros.FirstAt(order.From));
        command.Parameters.AddWithValue("$to", Micros.FirstAt(order.To));
        command.Parameters.AddWithValue("$at", step?.AtUs ?? long.MinValue);
        command.Parameters.AddWithValue("$row", step?.AtRow ?? 0);
        using var reader = command.ExecuteReader();
        var looked = new List<Looked>();
        while (reader.Read())
        {
            var record = UsageColumns.Read(reader, 7);
            var billed = CostColumns.Join(reader.GetInt64(2), reader.GetInt64(3));
            var billedBy = reader.GetInt32(1);
            if (!reader.IsDBNull(4))
            {
                billedBy = reader.GetInt32(4);
                billed += CostColumns.Join(reader.GetInt64(5), reader.GetInt64(6));
            }
            // What is billed at zero for want of counts stays so.
            var isChanged = record.Source == UsageSource.Engine && billedBy != rate.Version;
            looked.Add(new Looked(reader.GetInt64(0), record, billedBy, isChanged, isChanged ? rate.CostOf(record) - billed : Cost.Zero));
        }
        return looked;
    }

    private static long Begin(SqliteConnection connection, ReratingOrder order, DateTimeOffset madeAt)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            INSERT INTO rerating (made_us, made_by, reason, model, from_us, to_us, rate_version)
            VALUES ($made, $by, $reason, $model, $from, $to, $version) RETURNING id
            """;
        command.Parameters.AddWithValue("$made", Micros.Of(madeAt));
        command.Parameters.AddWithValue("$by", order.By);
        command.Parameters.AddWithValue("$reason", order.Reason);
        command.Parameters.AddWithValue("$model", order.Model);
        command.Parameters.AddWithValue("$from", Micros.FirstAt(order.From));
        command.Parameters.AddWithValue("$to", Micros.FirstAt(order.To));
        command.Parameters.AddWithValue("$version", order.RateVersion);
        return (long)command.ExecuteScalar()!;
    }

    private static void Insert(SqliteConnection connection, long id, Rate rate, List<Looked> looked)
    {
        using var insert = new Statement(
            connection,
            """
            INSERT INTO adjustment (rerating, usage_id, project, key, model, revision, outcome, ended_us, old_version, new_version, cost_usd, cost_pico)
            VALUES ($rerating, $usage_id, $project, $key, $model, $revision, $outcome, $ended, $old, $new, $usd, $pico)
            """);
        Span<byte> usage = stackalloc byte[16];
        foreach (var (_, record, billedBy, isChanged, difference) in looked)
        {
            if (!isChanged)
            {
                continue;
            }
            record.Id.TryWriteBytes(usage, bigEndian: true, out _);
            var (usd, pico) = CostColumns.Split(difference);
            insert.Bind(1, id);
            insert.BindBlob(2, usage);
            insert.Bind(3, record.Project);
            insert.Bind(4, record.Key);
            insert.Bind(5, record.Model);
            insert.Bind(6, record.Revision);
            insert.Bind(7, UsageNames.Of(record.Outcome));
            insert.Bind(8, Micros.Of(record.EndedAt));
            insert.Bind(9, billedBy);
            insert.Bind(10, rate.Version);
            insert.Bind(11, usd);
            insert.Bind(12, pico);
            insert.Execute();
        }
    }

    private static List<MadeRerating> List(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT r.id, r.made_us, r.model, r.from_us, r.to_us, r.rate_version, r.made_by, r.reason, count(*), {CostColumns.SumsOf("a")}
            FROM rerating r JOIN adjustment a ON a.rerating = r.id GROUP BY r.id ORDER BY r.id DESC
            """;
        using var reader = command.ExecuteReader();
        var made = new List<MadeRerating>();
        while (reader.Read())
        {
            var order = new ReratingOrder(
                reader.GetString(2), Micros.ToTime(reader.GetInt64(3)), Micros.ToTime(reader.GetInt64(4)), reader.GetInt32(5), reader.GetString(6), reader.GetString(7));
            made.Add(new MadeRerating(
                reader.GetInt64(0), Micros.ToTime(reader.GetInt64(1)), order, reader.GetInt64(8),
                CostColumns.FromSums(reader.GetInt64(9), reader.GetInt64(10), reader.GetInt64(11))));
        }
        return made;
    }

    /// <param name="Row">Where it stands.</param>
    /// <param name="BilledBy">The version by which it is billed so far.</param>
    private sealed record Looked(long Row, UsageRecord Record, int BilledBy, bool IsChanged, Cost Difference);
}
