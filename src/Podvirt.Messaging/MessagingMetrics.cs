using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Podvirt.Messaging;

/// <summary>Instruments of this room, on the meter <see cref="MeterName"/>.</summary>
internal static class MessagingMetrics
{
    public const string MeterName = "Podvirt.Messaging";

    public static Meter Meter { get; } = new(MeterName);

    private static readonly Counter<long> _busDisplaced = Meter.CreateCounter<long>(
        "podvirt.bus.displaced", "{message}", "Messages dropped because their reader was too far behind.");

    // Read when somebody asks: counting each job would cost every request, on its IO thread.
    private static readonly ConcurrentDictionary<IPendingJobs, bool> _workers = new();

    private static readonly ObservableUpDownCounter<long> _workerPending = Meter.CreateObservableUpDownCounter(
        "podvirt.worker.pending",
        static () => _workers.Keys.Select(w => new Measurement<long>(w.Pending, new KeyValuePair<string, object?>("worker", w.Name))),
        "{job}",
        "Jobs that wait for a worker thread.");

    private static readonly Histogram<double> _stateCommitSeconds = Meter.CreateHistogram<double>(
        "podvirt.state.commit.duration", "s", "Time to make a group of state writes durable.");

    private static readonly Counter<long> _stateCommitFailures = Meter.CreateCounter<long>(
        "podvirt.state.commit.failures", "{commit}", "Groups of state writes that failed.");

    public static void Displaced(string subject) => _busDisplaced.Add(1, new KeyValuePair<string, object?>("subject", subject));

    /// <summary>Its jobs are counted until <see cref="Forget"/>.</summary>
    public static void Observe(IPendingJobs worker) => _workers.TryAdd(worker, true);

    public static void Forget(IPendingJobs worker) => _workers.TryRemove(worker, out _);

    public static void StateCommitted(TimeSpan duration) => _stateCommitSeconds.Record(duration.TotalSeconds);

    public static void StateCommitFailed() => _stateCommitFailures.Add(1);
}

/// <summary>A worker, as its metric sees it.</summary>
internal interface IPendingJobs
{
    string Name { get; }

    /// <summary>Jobs that wait.</summary>
    int Pending { get; }
}
