using System.Diagnostics.Metrics;

namespace Podvirt.Microbenchmarks.Outbox;

/// <summary>Counts the outbox's commits that held records.</summary>
internal sealed class CommitCounter : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _withRecords;

    public CommitCounter(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == meter && instrument.Name == "podvirt.outbox.commit.rows")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, rows, _, _) =>
        {
            if (rows > 0)
            {
                Interlocked.Increment(ref _withRecords);
            }
        });
        _listener.Start();
    }

    public long WithRecords => Interlocked.Read(ref _withRecords);

    public void Reset() => Interlocked.Exchange(ref _withRecords, 0);

    public void Dispose() => _listener.Dispose();
}
