using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Metrics;

/// <summary>
/// When the latest requests came and when they were answered, on the machine's monotonic clock, which is the same in every process.
/// <c>GET /sim/timeline</c> lists them, the oldest first.
/// </summary>
internal sealed class Timeline(TimeProvider time)
{
    /// <summary>More than anybody sends between two looks.</summary>
    private const int LengthMax = 256;

    private readonly Lock _gate = new();
    private readonly Queue<Entry> _entries = new(LengthMax);

    public long Now => time.GetTimestamp();

    /// <summary>Notes a request that ends now.</summary>
    public void Add(string path, long began)
    {
        var entry = new Entry(path, began, Now);
        lock (_gate)
        {
            if (_entries.Count == LengthMax)
            {
                _entries.Dequeue();
            }

            _entries.Enqueue(entry);
        }
    }

    public Task HandleAsync(HttpContext context)
    {
        Entry[] entries;
        lock (_gate)
        {
            entries = [.. _entries];
        }

        return Json.ReplyAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("requests");
            foreach (var entry in entries.OrderBy(entry => entry.Began))
            {
                writer.WriteStartObject();
                writer.WriteString("path", entry.Path);
                writer.WriteNumber("began_ns", Nanoseconds(entry.Began));
                writer.WriteNumber("ended_ns", Nanoseconds(entry.Ended));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    private long Nanoseconds(long ticks) => ticks * (1_000_000_000 / time.TimestampFrequency);

    private readonly record struct Entry(string Path, long Began, long Ended);
}
