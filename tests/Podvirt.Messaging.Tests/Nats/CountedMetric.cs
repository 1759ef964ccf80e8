using System.Diagnostics.Metrics;

namespace Podvirt.Messaging.Tests.Nats;

/// <summary>What one counter of the room adds up to from now on, for one subject or for all.</summary>
internal sealed class CountedMetric : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _sum;

    public CountedMetric(string name, string? subject = null)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name && instrument.Meter.Name == "Podvirt.Messaging")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            if (subject is null || tags.ToArray().Any(tag => tag.Key == "subject" && Equals(tag.Value, subject)))
            {
                Interlocked.Add(ref _sum, count);
            }
        });
        _listener.Start();
    }

    public long Sum => Interlocked.Read(ref _sum);

    public void Dispose() => _listener.Dispose();
}
