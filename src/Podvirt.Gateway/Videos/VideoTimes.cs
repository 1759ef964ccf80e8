using System.Globalization;

namespace Podvirt.Gateway.Videos;

/// <summary>Seconds of video as requests and engines write them.</summary>
internal static class VideoTimes
{
    private const decimal UsPerSecond = 1_000_000m;

    /// <summary>A positive number, of at most six decimals that count.</summary>
    public static bool TryParseSeconds(string? text, out long us)
    {
        us = 0;
        // Far beyond what is believed; further, microseconds would not fit.
        const decimal SecondsMax = 1_000_000_000m;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) || seconds is <= 0 or > SecondsMax)
        {
            return false;
        }
        us = (long)decimal.Round(seconds * UsPerSecond, MidpointRounding.ToEven);
        return us > 0;
    }

    public static string TextOf(long us) => (us / UsPerSecond).ToString("0.######", CultureInfo.InvariantCulture);
}
