using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Podvirt.Metering.Tests;

/// <summary>Everything that was measured on one meter.</summary>
internal sealed class MetricRecorder : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Name, double Value)> _measured = new();

    public MetricRecorder(MeteringMetrics metrics)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, metrics.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((i, value, _, _) => _measured.Enqueue((i.Name, value)));
        _listener.SetMeasurementEventCallback<long>((i, value, _, _) => _measured.Enqueue((i.Name, value)));
        _listener.SetMeasurementEventCallback<double>((i, value, _, _) => _measured.Enqueue((i.Name, value)));
        _listener.Start();
    }

    public IReadOnlyList<double> Of(string name) => [.. _measured.Where(m => m.Name == name).Select(m => m.Value)];

    /// <summary>Reads a gauge now.</summary>
    public double Gauge(string name)
    {
        _listener.RecordObservableInstruments();
        return Of(name)[^1];
    }

    public void Dispose() => _listener.Dispose();
}
