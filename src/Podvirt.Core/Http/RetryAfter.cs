using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace Podvirt.Core.Http;

/// <summary>
/// A <c>Retry-After</c> (RFC 9110, 10.2.3): whole seconds, or a date as senders must write it (5.6.7). The default was not
/// said, or in no words that are understood.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RetryAfter
{
    /// <summary>Longest wait that is believed: a day. What is longer is no pause but an end.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromDays(1);

    private readonly TimeSpan? _wait;
    private readonly DateTimeOffset? _at;

    private RetryAfter(TimeSpan? wait, DateTimeOffset? at) => (_wait, _at) = (wait, at);

    public bool IsSaid => _wait is not null || _at is not null;

    public static RetryAfter Parse(ReadOnlySpan<byte> value)
    {
        if (value.Length > 0 && value.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0)
        {
            // More digits than a number has are a long time all the same.
            return new RetryAfter(
                Utf8Parser.TryParse(value, out long seconds, out _) && seconds < WaitMax.TotalSeconds ? TimeSpan.FromSeconds(seconds) : WaitMax, null);
        }
        return Utf8Parser.TryParse(value, out DateTimeOffset at, out var read, 'R') && read == value.Length ? new RetryAfter(null, at) : default;
    }

    /// <summary>What is left to wait at <paramref name="now"/>: none where the date has passed, null where nothing was said.</summary>
    public TimeSpan? From(DateTimeOffset now)
    {
        if (_at is not { } at)
        {
            return _wait;
        }
        var left = at - now;
        return left < TimeSpan.Zero ? TimeSpan.Zero : left > WaitMax ? WaitMax : left;
    }
}
