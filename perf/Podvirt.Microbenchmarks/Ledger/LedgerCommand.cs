using System.Globalization;

namespace Podvirt.Microbenchmarks.Ledger;

/// <summary>
/// <c>ledger fill FOLDER [RECORDS]</c> makes a ledger of ten million records; <c>ledger measure FOLDER [RESULTS]</c> times on it what
/// dashboards ask, a reconciliation, an export and the way of new records into it, and writes the table. <c>ledger clickhouse-fill URL</c> and <c>ledger clickhouse-measure URL ENGINE-PID [RESULTS]</c> do the like on a
/// ClickHouse.
/// </summary>
internal static class LedgerCommand
{
    private const int RecordsDefault = 10_000_000;

    public static async Task<int> RunAsync(string[] args)
    {
        switch (args)
        {
            case ["fill", var folder]:
                await LedgerFill.RunAsync(folder, RecordsDefault);
                return 0;
            case ["fill", var folder, var records]:
                await LedgerFill.RunAsync(folder, int.Parse(records, NumberStyles.None, CultureInfo.InvariantCulture));
                return 0;
            case ["measure", var folder]:
                await LedgerMeasurement.RunAsync(folder, results: null);
                return 0;
            case ["measure", var folder, var results]:
                await LedgerMeasurement.RunAsync(folder, results);
                return 0;
            case ["clickhouse-fill", var url]:
                await ClickHouseMeasurement.FillAsync(new Uri(url), RecordsDefault);
                return 0;
            case ["clickhouse-measure", var url, var engine]:
                await ClickHouseMeasurement.MeasureAsync(new Uri(url), results: null, int.Parse(engine, NumberStyles.None, CultureInfo.InvariantCulture));
                return 0;
            case ["clickhouse-measure", var url, var engine, var results]:
                await ClickHouseMeasurement.MeasureAsync(new Uri(url), results, int.Parse(engine, NumberStyles.None, CultureInfo.InvariantCulture));
                return 0;
            default:
                await Console.Error.WriteLineAsync("ledger fill FOLDER [RECORDS] | ledger measure FOLDER [RESULTS] | ledger clickhouse-fill URL | ledger clickhouse-measure URL ENGINE-PID [RESULTS]");
                return 2;
        }
    }
}
