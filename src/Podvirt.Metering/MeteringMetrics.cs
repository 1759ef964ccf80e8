using System.Diagnostics.Metrics;
using Podvirt.Core.Usage;

namespace Podvirt.Metering;

/// <summary>Instruments of this room. The meter goes with the container, so that its gauges do not outlive what they read.</summary>
internal sealed class MeteringMetrics : IDisposable
{
    public const string MeterName = "Podvirt.Metering";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _commits;
    private readonly Counter<long> _commitFailures;
    private readonly Histogram<double> _commitSeconds;
    private readonly Histogram<int> _commitRows;
    private readonly Counter<long> _records;
    private readonly Counter<long> _unreported;
    private readonly Counter<long> _invalid;
    private readonly Counter<long> _moveFailures;
    private readonly Counter<long> _recovered;
    private readonly Counter<long> _servedUnsaved;
    private readonly Counter<long> _published;
    private readonly Counter<long> _resent;
    private readonly Counter<long> _publishFailures;
    private readonly Counter<long> _unconfirmed;
    private readonly Counter<long> _stepFailures;
    private readonly Counter<long> _parked;

    public MeteringMetrics()
    {
        _commits = _meter.CreateCounter<long>("podvirt.outbox.commits", "{commit}", "Outbox commits.");
        _commitFailures = _meter.CreateCounter<long>("podvirt.outbox.commit.failures", "{commit}", "Outbox commits that failed.");
        _commitSeconds = _meter.CreateHistogram<double>("podvirt.outbox.commit.duration", "s", "Time to make a group durable.");
        _commitRows = _meter.CreateHistogram<int>("podvirt.outbox.commit.rows", "{record}", "Records in one commit.");
        _records = _meter.CreateCounter<long>("podvirt.usage.records", "{record}", "Records that reached the ledger, by outcome.");
        _unreported = _meter.CreateCounter<long>("podvirt.usage.unreported", "{record}", "Records without the engine's counts: billed at zero.");
        _invalid = _meter.CreateCounter<long>("podvirt.usage.invalid", "{record}", "Records whose counts cannot be: billed at zero.");
        _moveFailures = _meter.CreateCounter<long>("podvirt.ledger.failures", "{batch}", "Batches that did not reach the ledger and will be tried again.");
        _recovered = _meter.CreateCounter<long>("podvirt.usage.recovered", "{record}", "Records made of the checkpoints of a process that was killed.");
        _servedUnsaved = _meter.CreateCounter<long>("podvirt.usage.served.unsaved", "{record}", "Ends of answers that went out while their record was in memory only.");
        _published = _meter.CreateCounter<long>("podvirt.usage.published", "{record}", "Records that the stream has acknowledged.");
        _resent = _meter.CreateCounter<long>("podvirt.usage.resent", "{record}", "Records that the stream had acknowledged, went past and the ledger did not confirm: published again.");
        _publishFailures = _meter.CreateCounter<long>("podvirt.usage.publish.failures", "{attempt}", "Attempts to publish records that the stream did not take in full.");
        _unconfirmed = _meter.CreateCounter<long>("podvirt.usage.unconfirmed", "{record}", "Ends of answers that went out before the stream had their record, under durability: stream.");
        _stepFailures = _meter.CreateCounter<long>("podvirt.usage.stream.failures", "{attempt}", "Attempts of a metering worker to read the stream or its own place in it that failed.");
        _parked = _meter.CreateCounter<long>("podvirt.usage.parked", "{record}", "Messages of the stream that did not go to the ledger as they came.");
    }

    public Meter Meter => _meter;

    public void ObserveOutbox(Func<long> depth) =>
        _meter.CreateObservableGauge("podvirt.outbox.depth", depth, "{record}", "Records that are not in the ledger yet.");

    public void ObserveSent(Func<int> records) =>
        _meter.CreateObservableGauge("podvirt.outbox.sent", records, "{record}", "Of the outbox's, records that the stream has acknowledged: they stay until the ledger has them.");

    public void ObserveUnsaved(Func<int> records, Func<long> bytes, Func<long> lost)
    {
        _meter.CreateObservableGauge("podvirt.usage.unsaved", records, "{record}", "Records held in memory because the disk takes none.");
        _meter.CreateObservableGauge("podvirt.usage.unsaved.bytes", bytes, "By", "What they take.");
        _meter.CreateObservableCounter("podvirt.usage.lost", lost, "{record}", "Records that are gone: neither the disk nor the memory for them had room.");
    }

    public void ObserveLag(Func<double> seconds) =>
        _meter.CreateObservableGauge("podvirt.ledger.lag", seconds, "s", "How long ago the oldest record that is not in the ledger ended.");

    public void ObserveStream(Func<long> depth, Func<long> bytes, Func<long> bytesMax, Func<double> lag)
    {
        _meter.CreateObservableGauge("podvirt.usage.stream.depth", depth, "{record}", "Records on the stream that are not on the ledger, as a worker saw it last.");
        _meter.CreateObservableGauge("podvirt.usage.stream.bytes", bytes, "By", "What the stream holds, as a worker saw it last.");
        _meter.CreateObservableGauge("podvirt.usage.stream.bytes.limit", bytesMax, "By", "What it may hold: then gateways keep their records.");
        _meter.CreateObservableGauge("podvirt.usage.stream.lag", lag, "s", "How long ago the stream took the oldest record that this worker has under way.");
    }

    public void Committed(int rows, TimeSpan duration)
    {
        _commits.Add(1);
        _commitSeconds.Record(duration.TotalSeconds);
        if (rows > 0)
        {
            _commitRows.Record(rows);
        }
    }

    public void CommitFailed() => _commitFailures.Add(1);

    public void Recorded(UsageRecord record)
    {
        _records.Add(1, new KeyValuePair<string, object?>("outcome", UsageNames.Of(record.Outcome)));
        if (record.Source == UsageSource.None)
        {
            _unreported.Add(1);
        }
    }

    public void Invalid() => _invalid.Add(1);

    public void Recovered(int records) => _recovered.Add(records);

    public void ServedUnsaved() => _servedUnsaved.Add(1);

    public void MoveFailed() => _moveFailures.Add(1);

    public void Published(int records) => _published.Add(records);

    public void Resent(int records) => _resent.Add(records);

    public void PublishFailed() => _publishFailures.Add(1);

    public void Unconfirmed() => _unconfirmed.Add(1);

    public void StepFailed() => _stepFailures.Add(1);

    public void Parked() => _parked.Add(1);

    public void Dispose() => _meter.Dispose();
}
