using System.Diagnostics.Metrics;
using Podvirt.Gateway.Videos.Forms;

namespace Podvirt.Gateway.Videos;

/// <summary>Of jobs and what they hold, on the room's meter.</summary>
internal sealed class VideoMetrics : IDisposable
{
    private readonly Meter _meter;

    public VideoMetrics(VideoBook book, VideoSpool spool, IMeterFactory? factory)
    {
        _meter = factory?.Create(GatewayMetrics.MeterName) ?? new Meter(GatewayMetrics.MeterName);
        _meter.CreateObservableGauge("podvirt.videos.jobs", () => States(book.Total()), "{job}", "Video jobs by where they stand.");
        _meter.CreateObservableGauge(
            "podvirt.videos.bytes", () => new[] { Of(spool.Bytes, "place", "spool"), Of(book.Total().FileBytes, "place", "store") }, "By",
            "What uploads and finished videos hold.");
    }

    public void Dispose() => _meter.Dispose();

    private static Measurement<long>[] States(VideoHoldings held) =>
    [
        Of(held.Queued, "state", "queued"), Of(held.Running, "state", "in_progress"), Of(held.Completed, "state", "completed"), Of(held.Failed, "state", "failed"),
    ];

    private static Measurement<long> Of(long value, string tag, string name) => new(value, new KeyValuePair<string, object?>(tag, name));
}
