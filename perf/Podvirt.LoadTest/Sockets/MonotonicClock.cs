using System.Diagnostics;

namespace Podvirt.LoadTest.Sockets;

/// <summary>Nanoseconds on the machine's monotonic clock, the same in every process: stamps of one process can be read in another.</summary>
internal static class MonotonicClock
{
    public const long Millisecond = 1_000_000;
    public const long Second = 1_000_000_000;

    // On Linux the stopwatch is CLOCK_MONOTONIC in nanoseconds; the arithmetic below is for the reader, not for the machine.
    private static readonly long s_ticksPerMicrosecond = Stopwatch.Frequency / 1_000_000;

    public static long Now => Stopwatch.GetTimestamp() * 1_000 / s_ticksPerMicrosecond;
}
