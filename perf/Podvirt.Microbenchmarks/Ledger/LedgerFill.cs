using System.Diagnostics;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Microbenchmarks.Ledger;

/// <summary>Makes a ledger as 35 days of traffic leave it behind, through the ledger's own appends.</summary>
internal static class LedgerFill
{
    /// <summary>Larger than the pump's, so that filling waits less for the disk.</summary>
    private const int Batch = 10_000;

    private const int Seed = 20_261_120;

    public static string FileIn(string folder) => Path.Combine(folder, "ledger.db");

    public static async Task RunAsync(string folder, int records)
    {
        var watch = Stopwatch.StartNew();
        await using var ledger = SqliteLedger.Open(FileIn(folder), TimeProvider.System);
        await ledger.RemoveMinutesBeforeAsync(RandomTraffic.End.AddHours(-48));
        var traffic = new RandomTraffic(Seed);
        var step = (RandomTraffic.End - RandomTraffic.Start) / records;
        for (var done = 0; done < records; done += Batch)
        {
            var first = done;
            var batch = Enumerable.Range(first, Math.Min(Batch, records - first)).Select(n => traffic.Next(RandomTraffic.Start + (step * n))).ToList();
            await ledger.AppendAsync((IReadOnlyList<RatedRecord>)batch);
            if ((done + Batch) % 500_000 == 0)
            {
                Console.WriteLine($"{done + Batch:N0} records after {watch.Elapsed.TotalSeconds:N0} s");
            }
        }
        Console.WriteLine($"{records:N0} records in {watch.Elapsed.TotalSeconds:N0} s: {records / watch.Elapsed.TotalSeconds:N0} a second");
    }
}
