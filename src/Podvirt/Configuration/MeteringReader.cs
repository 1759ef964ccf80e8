using Podvirt.Metering.Streams;

namespace Podvirt.Configuration;

/// <summary>How usage is kept.</summary>
internal sealed record MeteringSettings
{
    /// <summary>Whether requests are served while the disk takes no usage record.</summary>
    public bool ServeUnsaved { get; init; }

    /// <summary>Records held in memory meanwhile. 1 to 1,000,000.</summary>
    public int UnsavedRecords { get; init; } = 10_000;

    /// <summary>Bytes of them. 1 KiB to 4 GiB.</summary>
    public long UnsavedBytes { get; init; } = 16L << 20;

    /// <summary>How often the counts of running streams are written down. 50 ms to 1 s: more than a second of them is never lost.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a plain reply is kept for retries. 1 s to 30 days.</summary>
    public TimeSpan IdempotencyTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a retry waits for the first call. 0 s to 1 h.</summary>
    public TimeSpan IdempotencyWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Replies that are kept. 1 to 1,000,000.</summary>
    public int KeptReplies { get; init; } = 10_000;

    /// <summary>Bytes of them. 1 KiB to 64 GiB.</summary>
    public long KeptReplyBytes { get; init; } = 64L << 20;

    /// <summary>In a cluster: whether the end of an answer waits for the stream too.</summary>
    public bool WaitsForStream { get; init; }

    /// <summary>How long it waits. 10 ms to 1 min.</summary>
    public TimeSpan StreamWait { get; init; } = new UsageStreamOptions().StreamWait;

    /// <summary>What the stream holds. 1 MiB to 64 TiB.</summary>
    public long StreamBytes { get; init; } = new UsageStreamOptions().BytesMax;

    /// <summary>Published records that a gateway keeps until the ledger has them, at most. 1,000 to 10,000,000.</summary>
    public int SentRecords { get; init; } = new UsageStreamOptions().SentMax;
}

/// <summary>Reads <c>metering</c>.</summary>
internal static class MeteringReader
{
    public static MeteringSettings Read(MapReader top)
    {
        var defaults = new MeteringSettings();
        if (top.TakeMap("metering", "metering: { serve_unsaved: true }") is not { } map)
        {
            return defaults;
        }
        var settings = new MeteringSettings
        {
            ServeUnsaved = ReadServeUnsaved(map, defaults.ServeUnsaved),
            UnsavedRecords = map.TakeWhole("unsaved_records", defaults.UnsavedRecords, 1, 1_000_000),
            UnsavedBytes = map.TakeMemory("unsaved_bytes", 1L << 10, 1L << 32) ?? defaults.UnsavedBytes,
            CheckpointInterval = map.TakeDuration("checkpoint_interval", TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1)) ?? defaults.CheckpointInterval,
            IdempotencyTime = map.TakeDuration("idempotency_time", TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)) ?? defaults.IdempotencyTime,
            IdempotencyWait = map.TakeDuration("idempotency_wait", TimeSpan.Zero, TimeSpan.FromHours(1)) ?? defaults.IdempotencyWait,
            KeptReplies = map.TakeWhole("kept_replies", defaults.KeptReplies, 1, 1_000_000),
            KeptReplyBytes = map.TakeMemory("kept_reply_bytes", 1L << 10, 1L << 36) ?? defaults.KeptReplyBytes,
            WaitsForStream = map.TakeWord("durability", fallback: false, ("local", false), ("stream", true)),
            StreamWait = map.TakeDuration("stream_wait", TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)) ?? defaults.StreamWait,
            StreamBytes = map.TakeMemory("stream_bytes", 1L << 20, 1L << 46) ?? defaults.StreamBytes,
            SentRecords = map.TakeWhole("sent_records", defaults.SentRecords, 1_000, 10_000_000),
        };
        map.Close();
        return settings;
    }

    private static bool ReadServeUnsaved(MapReader map, bool fallback)
    {
        switch (map.TakeText("serve_unsaved"))
        {
            case null:
                return fallback;
            case "true":
                return true;
            case "false":
                return false;
            case var text:
                map.Error("serve_unsaved", $"'{text}' is neither", "write true or false");
                return fallback;
        }
    }
}
