using System.Globalization;
using System.Text.RegularExpressions;
using Podvirt.Core.Models;

namespace Podvirt.Configuration;

/// <summary>A model's <c>video</c>: what it offers.</summary>
internal static partial class VideoSpecReader
{
    private const string Example = "video: { sizes: [\"1280x720\"], seconds: [4, 8], fps: 16 }";
    private const decimal SecondsMax = 3600;

    public static VideoSpec? Read(MapReader model, ModelType type)
    {
        if (type != ModelType.VideoGeneration)
        {
            model.Refuse("video", $"has a meaning for models of type {ModelTypes.VideoGeneration} only");
            return null;
        }
        if (model.TakeMap("video", Example) is not { } map)
        {
            return null;
        }
        var sizes = map.TakeTexts("sizes", "[\"1280x720\", \"832x480\"]");
        foreach (var size in sizes.Where(s => !Size().IsMatch(s)))
        {
            map.Error("sizes", $"'{size}' is not a size", "write width x height in pixels, such as 1280x720");
        }
        var seconds = ReadSeconds(map);
        var longest = map.Has("max_seconds") ? map.TakeNumber("max_seconds", SecondsMax, 0.001m, SecondsMax) : (decimal?)null;
        map.Take("max_seconds");
        var fps = map.Has("fps") ? map.TakeWhole("fps", fallback: 1, 1, 1000) : (int?)null;
        map.Take("fps");
        map.Close();
        return new VideoSpec([.. sizes], seconds, longest ?? (seconds.Count > 0 ? seconds.Max() : null), fps);
    }

    private static List<decimal> ReadSeconds(MapReader map)
    {
        var seconds = new List<decimal>();
        foreach (var text in map.TakeTexts("seconds", "[4, 8]"))
        {
            if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= SecondsMax)
            {
                seconds.Add(number);
            }
            else
            {
                map.Error("seconds", $"'{text}' is not a length", $"write seconds above 0, at most {SecondsMax}");
            }
        }
        return seconds;
    }

    [GeneratedRegex("^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Size();
}
