using Podvirt.Core.Projects;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Invoices.ClickHouse;

/// <summary>
/// Which month's invoices hold a record or an adjustment. A batch's records of one month come into sight at once, so a month that is closed
/// holds batches: those that it sees. A record that several batches brought is held as soon as one of them is.
/// </summary>
internal static class HeldBatches
{
    /// <summary>Records <c>u</c> that the month or one before it holds.</summary>
    public static string Usage(UtcMonth month)
    {
        var held = Held("usage", month);
        return $"((u.month, u.batch) IN ({held}) OR (length(u.batches) > 1 AND (u.ended_us, u.id) IN (SELECT d.ended_us, d.id "
            + "FROM (SELECT ended_us, id, month, arrayJoin(batches) AS one FROM usage FINAL WHERE length(batches) > 1) AS d "
            + $"WHERE (d.month, d.one) IN ({held}))))";
    }

    /// <summary>Adjustments <c>a</c> that the month or one before it holds.</summary>
    public static string Adjustments(UtcMonth month) => $"(a.month, a.batch) IN ({Held("adjustment", month)})";

    /// <summary>Makes the month hold everything of its time and before that no month holds. Doing it again adds what came meanwhile.</summary>
    public static IReadOnlyList<string> Hold(UtcMonth month) =>
    [
        $"INSERT INTO held_batch SELECT DISTINCT 'usage', u.month, arrayJoin(u.batches), {month.Number} FROM usage AS u FINAL WHERE u.month <= {month.Number} AND NOT {Usage(month)}",
        $"INSERT INTO held_batch SELECT DISTINCT 'adjustment', a.month, a.batch, {month.Number} FROM adjustment AS a WHERE a.month <= {month.Number} AND NOT {Adjustments(month)}",
    ];

    /// <summary>Whether anything of closed months waits for the next one. A batch that brought only what others had brought counts until then.</summary>
    public static string AnyPending(UtcMonth closed) =>
        $"SELECT (SELECT count() FROM month_batch AS m WHERE m.month <= {closed.Number} AND (m.month, m.batch) NOT IN ({Held("usage", closed)})) "
        + $"+ (SELECT count() FROM adjustment AS a WHERE a.month <= {closed.Number} AND NOT {Adjustments(closed)})";

    private static string Held(string kind, UtcMonth month) => $"SELECT h.month, h.batch FROM held_batch AS h FINAL WHERE h.kind = '{kind}' AND h.held_by <= {month.Number}";
}
