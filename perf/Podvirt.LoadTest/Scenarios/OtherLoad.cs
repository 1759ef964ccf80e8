using System.Diagnostics;
using System.Globalization;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>What the machine does while nothing is measured: somebody else's work, which would take part in the measurement.</summary>
internal static class OtherLoad
{
    /// <summary>A machine at rest spends a few hundredths of a core on itself. More than this shifts figures by more than rounds differ.</summary>
    public const double CoresMax = 0.3;

    /// <summary>Fields of the first line of /proc/stat that count time spent working, in hundredths of a second: all but idle, iowait and guests.</summary>
    private static readonly int[] s_working = [1, 2, 3, 6, 7, 8];

    private static readonly TimeSpan s_span = TimeSpan.FromMilliseconds(500);

    /// <summary>Cores that are busy, over half a second.</summary>
    public static async Task<double> SampleAsync()
    {
        var (before, watch) = (Read(), Stopwatch.StartNew());
        await Task.Delay(s_span);
        return (Read() - before) / 100 / watch.Elapsed.TotalSeconds;
    }

    private static double Read()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return s_working.Sum(i => double.Parse(fields[i], CultureInfo.InvariantCulture));
    }
}
