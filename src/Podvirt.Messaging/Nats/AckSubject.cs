using System.Globalization;
using System.Runtime.InteropServices;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// What a message of a consumer says in its reply subject: <c>$JS.ACK.stream.consumer.deliveries.revision.delivery.nanoseconds.pending</c>,
/// or with a domain and an account's hash before the stream. See the server's ADR-15.
/// </summary>
/// <param name="Revision">Of the message, in its stream.</param>
/// <param name="Delivery">Its number among those of this consumer, from 1.</param>
/// <param name="At">When it was written, by the server's clock.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AckSubject(long Revision, long Delivery, DateTimeOffset At)
{
    private const int Tokens = 9;
    private const int TokensWithDomain = 11;
    private const long NanosecondsPerTick = 100;

    public static bool TryParse(string? subject, out AckSubject position)
    {
        position = default;
        // Without a copy of any token: usage is read by the hundred thousand.
        var text = subject.AsSpan();
        var tokens = text.Count('.') + 1;
        if (tokens != Tokens && tokens < TokensWithDomain)
        {
            return false;
        }
        var first = tokens == Tokens ? 5 : 7;
        Span<long> numbers = stackalloc long[3];
        var index = 0;
        foreach (var token in text.Split('.'))
        {
            if (index >= first && index < first + numbers.Length && !long.TryParse(text[token], CultureInfo.InvariantCulture, out numbers[index - first]))
            {
                return false;
            }
            index++;
        }
        var (revision, delivery, nanoseconds) = (numbers[0], numbers[1], numbers[2]);
        position = new AckSubject(revision, delivery, DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick));
        return true;
    }
}
