using System.ComponentModel.DataAnnotations;

namespace Podvirt.Metering.Streams;

/// <summary>How usage travels from gateways to metering workers.</summary>
public sealed class UsageStreamOptions
{
    /// <summary>What the stream holds at most. A full one takes nothing more: records then wait in the gateways' outboxes.</summary>
    /// <value>8 GiB: an hour without a ledger at 7,500 requests per second, some 300 bytes each. The servers' disks must have it.</value>
    [Range(1L << 20, 1L << 46)]
    public long BytesMax { get; set; } = 8L << 30;

    /// <summary>How long the servers remember a request's id and drop its record when it comes again. Later ones reach the ledger, which knows ids.</summary>
    /// <value>Two minutes: longer than a gateway waits between two attempts. Each id takes memory on the servers.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan DuplicateWindow { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Records whose acknowledgements a gateway waits for at the same time, at most.</summary>
    /// <value>512: at a millisecond for each acknowledgement some hundred thousand records per second.</value>
    [Range(1, 10_000)]
    public int PublishesMax { get; set; } = 512;

    /// <summary>Records that the stream has and a gateway keeps until the ledger has them too, at most. Of more, the oldest are let go: then they are on the stream alone.</summary>
    /// <value>200,000: some 60 MB of the gateway's disk and 30 MB of its memory, while the ledger is away.</value>
    [Range(1_000, 10_000_000)]
    public int SentMax { get; set; } = 200_000;

    /// <summary>Records in one batch for the ledger at most.</summary>
    /// <value>100,000: what ClickHouse takes best. A worker holds as many for each of its lanes.</value>
    [Range(1, 1_000_000)]
    public int BatchMax { get; set; } = 100_000;

    /// <summary>Batches that a worker has under way at the same time: one is read while the other is written.</summary>
    [Range(1, 16)]
    public int Lanes { get; set; } = 2;

    /// <summary>How long a worker that found nothing waits before it looks again, and so how long records gather.</summary>
    /// <value>250 ms, as in the embedded mode.</value>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan Linger { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether the end of an answer also waits until the stream has its record.</summary>
    public bool WaitsForStream { get; set; }

    /// <summary>How long it waits at most. Then it goes out all the same: the record is on the gateway's disk.</summary>
    /// <value>Two seconds: a cluster of NATS servers elects a leader within that.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan StreamWait { get; set; } = TimeSpan.FromSeconds(2);
}
