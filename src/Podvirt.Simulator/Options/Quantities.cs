using System.Globalization;

namespace Podvirt.Simulator.Options;

/// <summary>Durations such as <c>250ms</c> or <c>1.5s</c>, and sizes such as <c>80GiB</c>, as the command line spells them.</summary>
internal static class Quantities
{
    private static readonly (string Suffix, double Ticks)[] _durationUnits =
    [
        ("us", TimeSpan.TicksPerMicrosecond),
        ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute),
    ];

    private static readonly (string Suffix, double Bytes)[] _sizeUnits =
    [
        ("KiB", 1L << 10),
        ("MiB", 1L << 20),
        ("GiB", 1L << 30),
        ("TiB", 1L << 40),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("TB", 1e12),
        ("B", 1),
        ("", 1),
    ];

    public static bool TryParseDuration(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        if (!TryScale(text, _durationUnits, out var ticks))
        {
            return false;
        }

        value = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    public static bool TryParseSize(string text, out long bytes)
    {
        var found = TryScale(text, _sizeUnits, out var scaled);
        bytes = (long)scaled;
        return found;
    }

    private static bool TryScale(string text, (string Suffix, double Factor)[] units, out double scaled)
    {
        scaled = 0;
        foreach (var (suffix, factor) in units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * factor < long.MaxValue)
            {
                scaled = number * factor;
                return true;
            }
        }

        return false;
    }
}
