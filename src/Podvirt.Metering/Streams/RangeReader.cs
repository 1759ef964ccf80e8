using System.Buffers;
using NATS.Client.Core;
using NATS.Client.JetStream.Models;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Nats;

namespace Podvirt.Metering.Streams;

/// <summary>
/// Reads the messages of a range of the stream, each exactly once and in order, or fails. Through a consumer that lives as long as the range:
/// 1. it is at the server that leads the stream, and begins at the first place; 2. messages are asked for in pieces that the subscription has room for, the next before the last
/// has come; 3. the consumer's own count shows where one was lost on the way; 4. it ends with the last place.
/// </summary>
internal sealed class RangeReader(NatsClient nats, TimeProvider time)
{
    /// <summary>Messages that are asked for and have not come, at most.</summary>
    private const int Window = 16_384;

    /// <summary>Of three servers, one in three thousand readings would fail so, and is done again.</summary>
    private const int OpensMax = 20;

    private const string Reading = "reading usage";

    /// <summary>A server that has them sends them within this.</summary>
    private static readonly TimeSpan s_silenceMax = TimeSpan.FromSeconds(5);

    /// <summary>What a killed worker leaves behind goes after this.</summary>
    private static readonly TimeSpan s_consumerLife = TimeSpan.FromSeconds(30);

    private readonly Decoder _decoder = new();

    /// <param name="first">The first place; those before what the stream still has are left out.</param>
    /// <param name="last">The last place: a message is there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">Not all of them came. The same call may succeed.</exception>
    public async ValueTask<List<StreamMessage>> ReadAsync(long first, long last, CancellationToken cancellationToken)
    {
        var (name, leader) = await OpenAsync(first, cancellationToken);
        var messages = await ReadAsync(name, first, last, cancellationToken);
        if (await LeaderAsync(cancellationToken) != leader)
        {
            throw new IOException($"the range {first} to {last} could not be read: another server leads the stream by now");
        }
        await CloseAsync(name, cancellationToken);
        return messages;
    }

    /// <summary>
    /// A consumer for one reading, at the server that leads the stream. It reads what that server has: others may be behind, or, after a kill, have it in other places.
    /// Servers put it anywhere, so that it is asked for until it is there.
    /// </summary>
    /// <exception cref="IOException">It came to be elsewhere every time, or there was no answer.</exception>
    internal async ValueTask<(string Name, string? Leader)> OpenAsync(long first, CancellationToken cancellationToken)
    {
        var config = new ConsumerConfig
        {
            DeliverPolicy = ConsumerConfigDeliverPolicy.ByStartSequence,
            OptStartSeq = (ulong)first,
            AckPolicy = ConsumerConfigAckPolicy.None,
            InactiveThreshold = s_consumerLife,
            MemStorage = true,
            NumReplicas = 1,
        };
        for (var attempt = 1; attempt <= OpensMax; attempt++)
        {
            var consumer = await nats.CallAsync(
                Reading, (js, ended) => js.CreateOrUpdateConsumerAsync(UsageStream.Name, config, ended), cancellationToken);
            var leader = await LeaderAsync(cancellationToken);
            if (consumer.Info.Cluster?.Leader == leader)
            {
                return (consumer.Info.Name, leader);
            }
            await CloseAsync(consumer.Info.Name, cancellationToken);
        }
        throw new IOException("the stream cannot be read at the server that leads it");
    }

    /// <summary>The server that leads the stream; null: there is one server, and no cluster.</summary>
    private async ValueTask<string?> LeaderAsync(CancellationToken cancellationToken) => (await nats.CallAsync(
        Reading, (js, ended) => js.GetStreamAsync(UsageStream.Name, cancellationToken: ended), cancellationToken)).Info.Cluster?.Leader;

    private async ValueTask CloseAsync(string consumer, CancellationToken cancellationToken) => await nats.CallAsync(
        Reading, (js, ended) => js.DeleteConsumerAsync(UsageStream.Name, consumer, ended), cancellationToken);

    private async ValueTask<List<StreamMessage>> ReadAsync(string consumer, long first, long last, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(s_silenceMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        var messages = new List<StreamMessage>((int)(last - first + 1));
        // Not one of the connection's own inboxes: those take replies by their subject, and these messages keep theirs.
        var inbox = $"_INBOX.{Guid.CreateVersion7(time.GetUtcNow()):N}";
        try
        {
            // The library drops what a subscription has no room for.
            var room = new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = 2 * Window } };
            await using var subscription = await nats.Connection.SubscribeCoreAsync(inbox, serializer: _decoder, opts: room, cancellationToken: either.Token);
            var pull = $"{nats.JetStream.Opts.Prefix}.CONSUMER.MSG.NEXT.{UsageStream.Name}.{consumer}";
            var rest = last - first + 1;
            var asked = 0L;
            while (true)
            {
                if (asked <= Window / 2 && rest > 0)
                {
                    var count = Math.Min(rest, Window - asked);
                    await nats.Connection.PublishAsync(pull, $$"""{"batch":{{count}},"expires":30000000000}""", replyTo: inbox, cancellationToken: either.Token);
                    asked += count;
                    rest -= count;
                }
                if (!await subscription.Msgs.WaitToReadAsync(either.Token))
                {
                    throw new IOException("the subscription for usage ended before the range");
                }
                silence.CancelAfter(s_silenceMax);
                while (subscription.Msgs.TryRead(out var message))
                {
                    if (Take(message, messages, last))
                    {
                        return messages;
                    }
                    asked--;
                }
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"the stream says no more after {messages.Count} messages of {first} to {last}", e);
        }
        catch (NatsException e)
        {
            throw new IOException($"the range {first} to {last} could not be read: {e.Message}", e);
        }
    }

    /// <summary>True at the end of the range.</summary>
    private static bool Take(in NatsMsg<Decoded> message, List<StreamMessage> messages, long last)
    {
        if (!AckSubject.TryParse(message.ReplyTo, out var place))
        {
            throw new IOException($"the stream refuses to be read: {message.Headers?.Code} {message.Headers?.MessageText}");
        }
        if (place.Delivery != messages.Count + 1)
        {
            throw new IOException($"of the stream's messages, {messages.Count + 1} to {place.Delivery - 1} were lost on the way");
        }
        if (place.Revision <= last)
        {
            // An empty message is not decoded at all.
            messages.Add(new StreamMessage(place.Revision, UsageStream.NanosecondsOf(place.At), message.Data.Record, message.Data.Error ?? "an empty message", message.Data.Bytes)
            {
                IsNewer = message.Data.IsNewer,
                Outbox = message.Data.Outbox,
            });
        }
        return place.Revision >= last;
    }

    private readonly record struct Decoded(UsageRecord? Record, Guid? Outbox, string? Error, ReadOnlyMemory<byte> Bytes, bool IsNewer);

    /// <summary>On the connection's own thread: nothing is copied but what the record keeps.</summary>
    private sealed class Decoder : INatsDeserialize<Decoded>
    {
        private readonly TextCache _texts = new();

        public Decoded Deserialize(in ReadOnlySequence<byte> buffer)
        {
            try
            {
                var (record, outbox) = UsageContract.Read(buffer, _texts);
                return new Decoded(record, outbox, "", default, false);
            }
            catch (InvalidDataException e)
            {
                return new Decoded(null, null, e.Message, buffer.ToArray(), UsageContract.IsNewer(buffer));
            }
        }
    }
}
