using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Podvirt.Messaging;

/// <summary>Instruments of this room, on the meter <see cref="MeterName"/>.</summary>
internal static class MessagingMetrics
{
    public const string MeterName = "Podvirt.Messaging";

    private static readonly Meter _meter = new(MeterName);

    private static readonly Counter<long> _busDisplaced = _meter.CreateCounter<long>(
        "podvirt.bus.displaced", "{message}", "Messages dropped because their reader was too far behind.");

    private static readonly UpDownCounter<long> _workerPending = _meter.CreateUpDownCounter<long>(
        "podvirt.worker.pending", "{job}", "Jobs that wait for a worker thread.");

    private static readonly Histogram<double> _stateCommitSeconds = _meter.CreateHistogram<double>(
        "podvirt.state.commit.duration", "s", "Time to make a group of state writes durable.");

    private static readonly Counter<long> _stateCommitFailures = _meter.CreateCounter<long>(
        "podvirt.state.commit.failures", "{commit}", "Groups of state writes that failed.");

    public static void Displaced(string subject) => _busDisplaced.Add(1, new KeyValuePair<string, object?>("subject", subject));

    public static void Pending(in TagList worker, int change) => _workerPending.Add(change, worker);

    public static void StateCommitted(TimeSpan duration) => _stateCommitSeconds.Record(duration.TotalSeconds);

    public static void StateCommitFailed() => _stateCommitFailures.Add(1);
}
