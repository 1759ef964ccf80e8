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
        var tokens = subject?.Split('.') ?? [];
        var skipped = tokens.Length == Tokens ? 0 : 2;
        if ((tokens.Length != Tokens && tokens.Length < TokensWithDomain)
            || !long.TryParse(tokens[5 + skipped], CultureInfo.InvariantCulture, out var revision)
            || !long.TryParse(tokens[6 + skipped], CultureInfo.InvariantCulture, out var delivery)
            || !long.TryParse(tokens[7 + skipped], CultureInfo.InvariantCulture, out var nanoseconds))
        {
            return false;
        }
        position = new AckSubject(revision, delivery, DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick));
        return true;
    }
}
