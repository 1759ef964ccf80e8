using System.Buffers;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Nats;

namespace Podvirt.Metering.Streams;

/// <summary>
/// The JetStream stream between gateways and metering workers. It holds every record from the gateway's publishing until the
/// ledger has it, and refuses new ones when it is full. It has no consumers that remember anything: where the ledger stands is
/// <see cref="StreamChain"/>'s to know, and what the ledger has is purged.
/// </summary>
internal sealed class UsageStream(NatsClient nats, UsageStreamOptions options)
{
    public const string Name = "podvirt-usage";
    public const string Subject = "podvirt.usage";

    private volatile bool _isOpen;

    /// <summary>Makes the stream where there is none, and gives it the bounds of the options.</summary>
    /// <exception cref="IOException">The servers do not answer, or have no room for it.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        var present = (await nats.OpenStreamAsync(Config(), cancellationToken)).Info.Config;
        if (present.MaxBytes != options.BytesMax || present.DuplicateWindow != options.DuplicateWindow)
        {
            await nats.CallAsync(
                $"changing '{Name}'",
                (js, ended) => js.UpdateStreamAsync(present with { MaxBytes = options.BytesMax, DuplicateWindow = options.DuplicateWindow }, ended),
                cancellationToken);
        }
        _isOpen = true;
    }

    /// <summary>
    /// Publishes records at the same time, each under its request's id. Says for each where the stream has it; an error is of the first that it has not.
    /// </summary>
    /// <param name="records">The records.</param>
    /// <param name="outbox">Where they are, and who hears when the ledger has them: see <see cref="RecordedNews"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Nobody answered in time: which of them the stream has is not known.</exception>
    public async ValueTask<PublishOutcome> PublishAsync(IReadOnlyList<UsageRecord> records, Guid outbox, CancellationToken cancellationToken)
    {
        var serializer = new RecordSerializer(outbox);
        if (!_isOpen)
        {
            await nats.OpenStreamAsync(Config(), cancellationToken);
            _isOpen = true;
        }
        return await nats.CallAsync(
            "publishing usage",
            async (js, ended) =>
            {
                var acks = new Task<(long Place, string Error)>[records.Count];
                for (var i = 0; i < acks.Length; i++)
                {
                    acks[i] = PublishAsync(js, records[i], serializer, ended);
                }
                var answers = await Task.WhenAll(acks);
                var error = Array.Find(answers, a => a.Error.Length > 0).Error ?? "";
                if (error.Length > 0)
                {
                    // It may be gone: the next attempt looks.
                    _isOpen = false;
                }
                return new PublishOutcome(Array.ConvertAll(answers, a => a.Place), error);
            },
            cancellationToken);
    }

    /// <summary>Null: there is no stream.</summary>
    /// <exception cref="IOException">No answer.</exception>
    public async ValueTask<StreamFacts?> FindFactsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await FactsAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is NatsJSApiException { Error.Code: 404 })
        {
            return null;
        }
    }

    /// <exception cref="IOException">No answer, or no stream.</exception>
    public async ValueTask<StreamFacts> FactsAsync(CancellationToken cancellationToken)
    {
        var info = (await nats.CallAsync("looking at usage", (js, ended) => js.GetStreamAsync(Name, cancellationToken: ended), cancellationToken)).Info;
        return new StreamFacts(
            info.Created.UtcTicks.ToString("x", System.Globalization.CultureInfo.InvariantCulture),
            (long)info.State.FirstSeq, (long)info.State.LastSeq, info.State.Bytes, info.Config.MaxBytes);
    }

    /// <summary>When the stream took the message at this place, in nanoseconds since 1970; null: there is none.</summary>
    /// <exception cref="IOException">No answer.</exception>
    public async ValueTask<long?> StoredNsAsync(long sequence, CancellationToken cancellationToken) => await nats.CallAsync(
        "looking at usage",
        async (js, ended) =>
        {
            try
            {
                var stream = await js.GetStreamAsync(Name, cancellationToken: ended);
                var message = (await stream.GetAsync(new StreamMsgGetRequest { Seq = (ulong)sequence }, ended)).Message;
                return (long?)NanosecondsOf(message.Time);
            }
            catch (NatsJSApiException e) when (e.Error.Code == 404)
            {
                return null;
            }
        },
        cancellationToken);

    /// <summary>Removes what stands before a place.</summary>
    /// <exception cref="IOException">No answer: it may be removed.</exception>
    public async ValueTask PurgeAsync(long before, CancellationToken cancellationToken)
    {
        // To the server, 0 means everything.
        ArgumentOutOfRangeException.ThrowIfLessThan(before, 1);
        await nats.CallAsync(
            "purging usage", (js, ended) => js.PurgeStreamAsync(Name, new StreamPurgeRequest { Seq = (ulong)before }, ended), cancellationToken);
    }

    private static async Task<(long Place, string Error)> PublishAsync(NatsJSContext js, UsageRecord record, RecordSerializer serializer, CancellationToken ended)
    {
        try
        {
            var ack = await js.PublishAsync(
                Subject, record, serializer, new NatsJSPubOpts { MsgId = record.Id.ToString("N"), ExpectedStream = Name }, cancellationToken: ended);
            return ack.Error is { } error ? (0, error.Description ?? $"error {error.ErrCode}") : ((long)ack.Seq, "");
        }
        catch (NatsException e)
        {
            return (0, e.Message);
        }
    }

    private StreamConfig Config() => new(Name, [Subject])
    {
        Description = "Usage records on their way to the ledger",
        Retention = StreamConfigRetention.Limits,
        Discard = StreamConfigDiscard.New,
        Storage = StreamConfigStorage.File,
        MaxBytes = options.BytesMax,
        MaxAge = TimeSpan.Zero,
        DuplicateWindow = options.DuplicateWindow,
        DenyDelete = true,
    };

    /// <summary>.NET's times have a tenth of a microsecond: what a message says in nanoseconds is compared as that.</summary>
    internal static long NanosecondsOf(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * TimeSpan.NanosecondsPerTick;

    private sealed class RecordSerializer(Guid outbox) : INatsSerialize<UsageRecord>
    {
        public void Serialize(IBufferWriter<byte> bufferWriter, UsageRecord value) => UsageContract.Write(bufferWriter, value, outbox);
    }
}

/// <param name="Places">In the order of the records: where the stream has it, from now or from before; 0: it has not.</param>
/// <param name="Error">Why it has not all; empty: it has.</param>
internal sealed record PublishOutcome(IReadOnlyList<long> Places, string Error)
{
    public bool IsTaken(int at) => Places[at] > 0;
}

/// <summary>A stream at one moment.</summary>
/// <param name="Incarnation">Of the stream: another one of the same name begins its places anew.</param>
/// <param name="First">The first place that is not purged.</param>
/// <param name="Last">The last place that was given.</param>
internal sealed record StreamFacts(string Incarnation, long First, long Last, long Bytes, long BytesMax);
