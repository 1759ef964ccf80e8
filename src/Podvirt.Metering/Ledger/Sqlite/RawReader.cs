using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>Reads all raw records of a time with what rollups need of them: ten million in some ten seconds.</summary>
internal sealed class RawReader : IDisposable
{
    private readonly Statement _select;
    private readonly Statement _next;
    private readonly NameCache _names = new();

    public RawReader(SqliteConnection connection)
    {
        _select = new Statement(
            connection,
            "SELECT project, model, revision, surface, outcome, source, prompt, cached, completion, reasoning, video_us, started_us, "
            + "queued_us, parked_us, first_token_us, duration_us, cold_start, "
            + "cost_usd + coalesce((SELECT sum(a.cost_usd) FROM adjustment a WHERE a.usage_id = usage.id), 0), "
            + "cost_pico + coalesce((SELECT sum(a.cost_pico) FROM adjustment a WHERE a.usage_id = usage.id), 0) FROM usage WHERE ended_us >= $from AND ended_us < $to");
        _next = new Statement(connection, "SELECT ended_us FROM usage WHERE ended_us >= $from ORDER BY ended_us LIMIT 1");
    }

    /// <summary>When the first record ended that did not end before; null where none is left.</summary>
    public long? Next(long fromUs)
    {
        _next.Bind(1, fromUs);
        long? next = null;
        while (_next.Step())
        {
            next = _next.Number(0);
        }
        return next;
    }

    /// <summary>The records, without the ids, keys and texts that no rollup knows. Their cost is what is billed.</summary>
    public IEnumerable<RatedRecord> Read(long fromUs, long toUs)
    {
        _select.Bind(1, fromUs);
        _select.Bind(2, toUs);
        while (_select.Step())
        {
            yield return new RatedRecord(
                new UsageRecord
                {
                    Id = default,
                    Project = _names.Of(_select.Bytes(0)),
                    Key = "",
                    Model = _names.Of(_select.Bytes(1)),
                    Revision = (int)_select.Number(2),
                    Surface = _names.Of(_select.Bytes(3)),
                    Outcome = UsageNames.Outcome(_names.Of(_select.Bytes(4))),
                    Status = 0,
                    Source = UsageNames.Source(_names.Of(_select.Bytes(5))),
                    Tokens = new TokenCounts(_select.Number(6), _select.Number(7), _select.Number(8), _select.Number(9)),
                    VideoUs = _select.Number(10),
                    StartedAt = Micros.ToTime(_select.Number(11)),
                    QueuedUs = _select.Number(12),
                    ParkedUs = _select.Number(13),
                    FirstTokenUs = _select.IsNull(14) ? null : _select.Number(14),
                    DurationUs = _select.Number(15),
                    ColdStart = _select.Number(16) != 0,
                },
                0,
                CostColumns.Join(_select.Number(17), _select.Number(18)));
        }
    }

    public void Dispose()
    {
        _select.Dispose();
        _next.Dispose();
    }
}
