using System.Buffers;
using System.Runtime.CompilerServices;
using MessagePack;
using NATS.Client.Core;
using Podvirt.Messaging.Nats;

namespace Podvirt.Metering.Streams;

/// <summary>
/// What metering workers tell gateways: these records are on the ledger, or parked. Core messages, <c>[version, ids]</c> in MessagePack, the ids 16 bytes each, on a
/// subject of the outbox that has the records. One that is lost costs a publication more, and no record.
/// </summary>
internal sealed class RecordedNews(NatsClient nats)
{
    public const string SubjectPrefix = "podvirt.usage.recorded.";
    public const int Version = 1;

    private const int IdBytes = 16;

    /// <summary>In one message: 64 KiB of ids.</summary>
    private const int IdsMax = 4_096;

    /// <summary>Messages that wait for the outbox: a few batches of the largest size.</summary>
    private const int UnreadMax = 256;

    public static string SubjectOf(Guid outbox) => $"{SubjectPrefix}{outbox:N}";

    /// <summary>Tells every outbox which of its records are done.</summary>
    /// <exception cref="IOException">NATS is away.</exception>
    public async ValueTask TellAsync(IReadOnlyList<StreamMessage> done, CancellationToken cancellationToken)
    {
        var byOutbox = new Dictionary<Guid, List<Guid>>();
        foreach (var message in done)
        {
            if (message is { Record: { } record, Outbox: { } outbox })
            {
                if (!byOutbox.TryGetValue(outbox, out var ids))
                {
                    byOutbox.Add(outbox, ids = []);
                }
                ids.Add(record.Id);
            }
        }
        foreach (var (outbox, ids) in byOutbox)
        {
            foreach (var part in ids.Chunk(IdsMax))
            {
                await TellAsync(outbox, part, cancellationToken);
            }
        }
    }

    /// <summary>Hears which of an outbox's records are done, from now on. What is no such message is left out: the records come again.</summary>
    public async IAsyncEnumerable<Guid[]> HearAsync(Guid outbox, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var room = new NatsSubOpts { ChannelOpts = new NatsSubChannelOpts { Capacity = UnreadMax } };
        await using var subscription = await nats.Connection.SubscribeCoreAsync<byte[]>(SubjectOf(outbox), opts: room, cancellationToken: cancellationToken);
        await foreach (var message in subscription.Msgs.ReadAllAsync(cancellationToken))
        {
            if (message.Data is { } bytes && Read(bytes) is { Length: > 0 } ids)
            {
                yield return ids;
            }
        }
    }

    private static byte[] Write(ReadOnlySpan<Guid> ids)
    {
        var buffer = new ArrayBufferWriter<byte>((ids.Length * IdBytes) + 16);
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(2);
        writer.Write(Version);
        writer.WriteBinHeader(ids.Length * IdBytes);
        foreach (var id in ids)
        {
            id.TryWriteBytes(writer.GetSpan(IdBytes), bigEndian: true, out _);
            writer.Advance(IdBytes);
        }
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Empty: no such message, or one of a later version.</summary>
    private static Guid[] Read(byte[] message)
    {
        var reader = new MessagePackReader(message);
        try
        {
            if (reader.ReadArrayHeader() < 2 || reader.ReadInt32() != Version || reader.ReadBytes() is not { } bytes || bytes.Length % IdBytes != 0)
            {
                return [];
            }
            var ids = new Guid[bytes.Length / IdBytes];
            Span<byte> id = stackalloc byte[IdBytes];
            for (var i = 0; i < ids.Length; i++)
            {
                bytes.Slice(i * IdBytes, IdBytes).CopyTo(id);
                ids[i] = new Guid(id, bigEndian: true);
            }
            return ids;
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or OverflowException)
        {
            return [];
        }
    }

    private async ValueTask TellAsync(Guid outbox, Guid[] ids, CancellationToken cancellationToken)
    {
        try
        {
            await nats.Connection.PublishAsync(SubjectOf(outbox), Write(ids), cancellationToken: cancellationToken);
        }
        catch (Exception e) when (e is NatsException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new IOException($"outboxes could not be told that {ids.Length} records are done: {e.Message}", e);
        }
    }
}
