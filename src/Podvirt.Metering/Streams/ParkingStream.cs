using System.Globalization;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Podvirt.Messaging;
using Podvirt.Messaging.Nats;

namespace Podvirt.Metering.Streams;

/// <summary>The stream <c>podvirt-usage-parked</c>: JSON, bounded, the oldest give way.</summary>
internal sealed class ParkingStream(NatsClient nats) : IParking, IParkedUsage
{
    public const string Name = "podvirt-usage-parked";
    public const string Subject = "podvirt.usage.parked";

    /// <summary>As many as the embedded outbox keeps.</summary>
    private const int MessagesMax = 10_000;

    private const long BytesMax = 64L << 20;

    /// <summary>More than a person reads; each is a call.</summary>
    private const int ReadMax = 1_000;

    private static readonly StreamConfig s_config = new(Name, [Subject])
    {
        Description = "Usage that did not go to the ledger as it came",
        Retention = StreamConfigRetention.Limits,
        Discard = StreamConfigDiscard.Old,
        Storage = StreamConfigStorage.File,
        MaxMsgs = MessagesMax,
        MaxBytes = BytesMax,
        DuplicateWindow = TimeSpan.FromHours(1),
    };

    public async ValueTask ParkAsync(ParkedUsage parked, CancellationToken cancellationToken)
    {
        await nats.OpenStreamAsync(s_config with { }, cancellationToken);
        var id = string.Create(CultureInfo.InvariantCulture, $"{parked.Incarnation}-{parked.Sequence}");
        await nats.CallAsync(
            "parking usage",
            async (js, ended) =>
            {
                var ack = await js.PublishAsync(Subject, StateJson.ToBytes(parked), opts: new NatsJSPubOpts { MsgId = id, ExpectedStream = Name }, cancellationToken: ended);
                // A duplicate is no error: it is parked.
                return ack.Error is null ? ack : throw new NatsJSApiException(ack.Error);
            },
            cancellationToken);
    }

    public async ValueTask<(long Total, IReadOnlyList<ParkedUsage> Latest)> ReadAsync(int limit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, ReadMax);
        var stream = await nats.OpenStreamAsync(s_config with { }, cancellationToken);
        var latest = new List<ParkedUsage>();
        var state = stream.Info.State;
        for (var sequence = state.LastSeq; sequence >= state.FirstSeq && sequence > 0 && latest.Count < limit; sequence--)
        {
            var at = sequence;
            var stored = await nats.CallAsync("reading parked usage", (_, ended) => stream.GetAsync(new StreamMsgGetRequest { Seq = at }, ended), cancellationToken);
            var entry = new StateEntry(Subject, stored.Message.Data, (long)at);
            latest.Add(entry.Read<ParkedUsage>());
        }
        return ((long)state.LastSeq, latest);
    }
}
