using System.Buffers;
using MessagePack;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Streams;

/// <summary>
/// How a usage record stands on the stream: a MessagePack array whose places are its keys, for ever.
/// <para><c>[version, id, project, key, model, revision, replica, surface, outcome, status, reason, streamed, prompt, cached,
/// completion, reasoning, source, started_us, queued_us, parked_us, first_token_us, duration_us, video_us, quoted_rate, cold_start, outbox]</c></para>
/// What a later Podvirt adds comes at the end: whoever does not know it skips it, and where it is missing its default holds. A
/// change that an older reader would misread raises the version, and is refused by it.
/// </summary>
internal static class UsageContract
{
    public const int Version = 1;

    private const int Places = 26;

    /// <summary>Up to the duration: without one of these there is no record.</summary>
    private const int PlacesMin = 22;

    private const int IdBytes = 16;

    /// <param name="buffer">Where to.</param>
    /// <param name="record">The record.</param>
    /// <param name="outbox">Who hears when the ledger has it.</param>
    public static void Write(IBufferWriter<byte> buffer, UsageRecord record, Guid outbox)
    {
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(Places);
        writer.Write(Version);
        WriteId(ref writer, record.Id);
        writer.Write(record.Project);
        writer.Write(record.Key);
        writer.Write(record.Model);
        writer.Write(record.Revision);
        writer.Write(record.Replica);
        writer.Write(record.Surface);
        writer.Write(NumberOf(record.Outcome));
        writer.Write(record.Status);
        writer.Write(record.Reason);
        writer.Write(record.Streamed);
        writer.Write(record.Tokens.Prompt);
        writer.Write(record.Tokens.Cached);
        writer.Write(record.Tokens.Completion);
        writer.Write(record.Tokens.Reasoning);
        writer.Write(NumberOf(record.Source));
        writer.Write(Micros.Of(record.StartedAt));
        writer.Write(record.QueuedUs);
        writer.Write(record.ParkedUs);
        WriteOrNil(ref writer, record.FirstTokenUs);
        writer.Write(record.DurationUs);
        writer.Write(record.VideoUs);
        WriteOrNil(ref writer, record.QuotedRate);
        writer.Write(record.ColdStart);
        WriteId(ref writer, outbox);
        writer.Flush();
    }

    /// <returns>The record, and who hears when the ledger has it; null: whoever wrote it does not ask.</returns>
    /// <exception cref="InvalidDataException">These bytes are no record, or one of a version that is not known here.</exception>
    public static (UsageRecord Record, Guid? Outbox) Read(in ReadOnlySequence<byte> bytes, TextCache texts)
    {
        var reader = new MessagePackReader(bytes);
        try
        {
            return Read(ref reader, texts);
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or OverflowException or ArgumentException)
        {
            throw new InvalidDataException($"no usage record: {e.Message}", e);
        }
    }

    /// <summary>Whether what is no record here is one of a later version.</summary>
    public static bool IsNewer(in ReadOnlySequence<byte> bytes)
    {
        var reader = new MessagePackReader(bytes);
        try
        {
            return reader.ReadArrayHeader() > 0 && reader.ReadInt32() > Version;
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or OverflowException)
        {
            return false;
        }
    }

    private static (UsageRecord Record, Guid? Outbox) Read(ref MessagePackReader reader, TextCache texts)
    {
        var places = reader.ReadArrayHeader();
        var version = places > 0 ? reader.ReadInt32() : 0;
        if (version != Version)
        {
            throw new InvalidDataException($"a usage record of version {version}; this Podvirt reads version {Version}");
        }
        if (places < PlacesMin)
        {
            throw new InvalidDataException($"a usage record of {places} places; it has {PlacesMin} at least");
        }
        var record = new UsageRecord
        {
            Id = ReadId(ref reader),
            Project = texts.Read(ref reader),
            Key = texts.Read(ref reader),
            Model = texts.Read(ref reader),
            Revision = reader.ReadInt32(),
            Replica = texts.Read(ref reader),
            Surface = texts.Read(ref reader),
            Outcome = OutcomeOf(reader.ReadInt32()),
            Status = reader.ReadInt32(),
            Reason = texts.Read(ref reader),
            Streamed = reader.ReadBoolean(),
            Tokens = new TokenCounts(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64()),
            Source = SourceOf(reader.ReadInt32()),
            StartedAt = Micros.ToTime(reader.ReadInt64()),
            QueuedUs = reader.ReadInt64(),
            ParkedUs = reader.ReadInt64(),
            FirstTokenUs = reader.TryReadNil() ? null : reader.ReadInt64(),
            DurationUs = reader.ReadInt64(),
            VideoUs = places > PlacesMin ? reader.ReadInt64() : 0,
            QuotedRate = places <= PlacesMin + 1 || reader.TryReadNil() ? null : reader.ReadInt32(),
            ColdStart = places > PlacesMin + 2 && reader.ReadBoolean(),
        };
        Guid? outbox = places <= PlacesMin + 3 || reader.TryReadNil() ? null : ReadId(ref reader);
        for (var unknown = Places; unknown < places; unknown++)
        {
            reader.Skip();
        }
        return (record, outbox);
    }

    private static Guid ReadId(ref MessagePackReader reader)
    {
        if (reader.ReadBytes() is not { Length: IdBytes } bytes)
        {
            throw new InvalidDataException($"a usage record with an id that has not {IdBytes} bytes");
        }
        Span<byte> id = stackalloc byte[IdBytes];
        bytes.CopyTo(id);
        return new Guid(id, bigEndian: true);
    }

    private static void WriteId(ref MessagePackWriter writer, Guid id)
    {
        writer.WriteBinHeader(IdBytes);
        id.TryWriteBytes(writer.GetSpan(IdBytes), bigEndian: true, out _);
        writer.Advance(IdBytes);
    }

    private static void WriteOrNil(ref MessagePackWriter writer, long? value)
    {
        if (value is { } known)
        {
            writer.Write(known);
        }
        else
        {
            writer.WriteNil();
        }
    }

    private static int NumberOf(UsageOutcome outcome) => outcome switch
    {
        UsageOutcome.Completed => 0,
        UsageOutcome.Cancelled => 1,
        UsageOutcome.Truncated => 2,
        UsageOutcome.Failed => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "unknown outcome"),
    };

    private static int NumberOf(UsageSource source) => source switch
    {
        UsageSource.None => 0,
        UsageSource.Engine => 1,
        UsageSource.Quarantined => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(source), source, "unknown usage source"),
    };

    private static UsageOutcome OutcomeOf(int number) => number switch
    {
        0 => UsageOutcome.Completed,
        1 => UsageOutcome.Cancelled,
        2 => UsageOutcome.Truncated,
        3 => UsageOutcome.Failed,
        _ => throw new InvalidDataException($"unknown outcome {number}"),
    };

    private static UsageSource SourceOf(int number) => number switch
    {
        0 => UsageSource.None,
        1 => UsageSource.Engine,
        2 => UsageSource.Quarantined,
        _ => throw new InvalidDataException($"unknown usage source {number}"),
    };
}
