using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http;

namespace Podvirt.Gateway.Admission;

/// <summary>
/// Where a caller's rates stand, for the <c>x-ratelimit-*</c> headers of OpenAI's API, which SDKs read. Of the key's rate and its
/// project's, the one that has less left.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct RateStanding
{
    private readonly Line _requests;
    private readonly Line _tokens;

    private RateStanding(Line requests, Line tokens)
    {
        _requests = requests;
        _tokens = tokens;
    }

    /// <summary>Under the project's lock.</summary>
    public static RateStanding Of(KeyAccount key, long now) => new(
        Line.Of(key.Requests, key.Project.Requests, now), Line.Of(key.Tokens, key.Project.Tokens, now));

    public void WriteTo(IHeaderDictionary headers)
    {
        if (_requests.IsLimited)
        {
            headers["x-ratelimit-limit-requests"] = Text(_requests.Limit);
            headers["x-ratelimit-remaining-requests"] = Text(_requests.Remaining);
            headers["x-ratelimit-reset-requests"] = Text(_requests.Reset);
        }
        if (_tokens.IsLimited)
        {
            headers["x-ratelimit-limit-tokens"] = Text(_tokens.Limit);
            headers["x-ratelimit-remaining-tokens"] = Text(_tokens.Remaining);
            headers["x-ratelimit-reset-tokens"] = Text(_tokens.Reset);
        }
    }

    /// <summary>As OpenAI writes it: <c>12ms</c>, <c>1.5s</c>, <c>6m0s</c>, <c>1h2m3s</c>.</summary>
    internal static string Text(TimeSpan time)
    {
        var milliseconds = (long)Math.Ceiling(time.TotalMilliseconds);
        if (milliseconds < 1000)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms");
        }
        var seconds = milliseconds % 60_000 / 1000m;
        var minutes = milliseconds / 60_000;
        return minutes switch
        {
            0 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###}s"),
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{minutes}m{seconds:0.###}s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{minutes / 60}h{minutes % 60}m{seconds:0.###}s"),
        };
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Line(bool IsLimited, int Limit, long Remaining, TimeSpan Reset)
    {
        public static Line Of(RateBucket key, RateBucket project, long now)
        {
            var tighter = key.Limit is null || (project.Limit is not null && project.Remaining(now) < key.Remaining(now)) ? project : key;
            return tighter.Limit is { } limit ? new Line(true, limit, tighter.Remaining(now), tighter.UntilFull(now)) : default;
        }
    }
}
