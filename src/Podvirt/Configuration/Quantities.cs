using System.Globalization;

namespace Podvirt.Configuration;

/// <summary>Durations and memory sizes as people write them.</summary>
internal static class Quantities
{
    private const NumberStyles Digits = NumberStyles.AllowDecimalPoint;

    /// <summary>Largest unit first, as they must be written.</summary>
    private static readonly (string Unit, long Ticks)[] _times =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond),
    ];

    private static readonly (string Unit, long Bytes)[] _sizes =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10), ("B", 1),
    ];

    /// <summary><c>250ms</c>, <c>60s</c>, <c>1.5h</c>, <c>1h30m</c>: numbers with a unit, larger units first, each unit once.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var total = 0m;
        var nextUnit = 0;
        var at = 0;
        while (at < text.Length)
        {
            var numberEnd = SkipWhile(text, at, c => char.IsAsciiDigit(c) || c == '.');
            var unitEnd = SkipWhile(text, numberEnd, char.IsAsciiLetter);
            var unit = text[numberEnd..unitEnd];
            var index = Array.FindIndex(_times, nextUnit, t => t.Unit == unit);
            if (index < 0 || !decimal.TryParse(text.AsSpan(at, numberEnd - at), Digits, CultureInfo.InvariantCulture, out var number) || number > 1_000_000_000)
            {
                return false;
            }
            total += number * _times[index].Ticks;
            nextUnit = index + 1;
            at = unitEnd;
        }
        if (text.Length == 0 || total > TimeSpan.MaxValue.Ticks)
        {
            return false;
        }
        duration = TimeSpan.FromTicks((long)total);
        return true;
    }

    /// <summary>The shortest spelling that reads back as the same duration.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.FromMilliseconds(1))
        {
            return "0s";
        }
        var left = duration.Ticks;
        var text = "";
        foreach (var (unit, ticks) in _times)
        {
            var count = left / ticks;
            if (count > 0)
            {
                text += $"{count}{unit}";
                left -= count * ticks;
            }
        }
        return text;
    }

    /// <summary><c>20GiB</c>, <c>512MiB</c>, <c>1.5TiB</c>: binary units only, so that nobody has to guess what GB means.</summary>
    public static bool TryParseMemory(string text, out long bytes)
    {
        bytes = 0;
        var numberEnd = SkipWhile(text, 0, c => char.IsAsciiDigit(c) || c == '.');
        var unit = text[numberEnd..].Trim();
        var index = Array.FindIndex(_sizes, s => s.Unit == unit);
        if (index < 0 || !decimal.TryParse(text.AsSpan(0, numberEnd), Digits, CultureInfo.InvariantCulture, out var number) || number > 1_000_000_000)
        {
            return false;
        }
        var total = number * _sizes[index].Bytes;
        if (total > long.MaxValue)
        {
            return false;
        }
        bytes = (long)total;
        return true;
    }

    /// <summary>For example <c>20GiB</c> or <c>1.5GiB</c>.</summary>
    public static string FormatMemory(long bytes)
    {
        foreach (var (unit, size) in _sizes)
        {
            if (bytes >= size && bytes * 10 / size * size == bytes * 10)
            {
                return $"{(decimal)bytes / size:0.#}{unit}";
            }
        }
        return $"{bytes}B";
    }

    private static int SkipWhile(string text, int from, Func<char, bool> holds)
    {
        while (from < text.Length && holds(text[from]))
        {
            from++;
        }
        return from;
    }
}
