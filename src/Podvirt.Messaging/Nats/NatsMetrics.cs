using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Podvirt.Messaging.Nats;

/// <summary>What the connection to NATS and the bus over it count, on the meter of <see cref="MessagingMetrics"/>.</summary>
internal static class NatsMetrics
{
    private static readonly ConcurrentDictionary<IBusHealth, bool> _connections = new();

    private static readonly ObservableUpDownCounter<int> _connected = MessagingMetrics.Meter.CreateObservableUpDownCounter(
        "podvirt.nats.connected",
        static () => _connections.Keys.Count(static c => c.IsConnected),
        "{connection}",
        "1 while the connection to NATS holds, else 0.");

    private static readonly Counter<long> _reconnects = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.reconnects", "{connection}", "Times the connection to NATS was lost and came back.");

    private static readonly Counter<long> _dropped = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.dropped", "{message}", "Messages that were not sent, because NATS was away or took none for too long.");

    private static readonly Counter<long> _publishFailures = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.publish.failures", "{message}", "Messages that the connection refused, among them those over the server's max_payload.");

    private static readonly Counter<long> _refused = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.refused", "{message}", "Messages that came and could not be read: of a newer major version, or damaged.");

    private static readonly Counter<long> _displaced = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.displaced", "{message}", "Messages that came faster than they could be read, by subject.");

    private static readonly Counter<long> _requestFailures = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.request.failures", "{request}", "Calls of the state store, the leases or a stream that got no answer or an error.");

    private static readonly Counter<long> _watchRestarts = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.watch.restarts", "{watch}", "Times a watch of the state store lost its thread and compared everything anew.");

    private static readonly Counter<long> _endsLost = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.ends.lost", "{loss}", "Times the state store was found to have lost writes that it had acknowledged.");

    private static readonly Counter<long> _markersPurged = MessagingMetrics.Meter.CreateCounter<long>(
        "podvirt.nats.markers.purged", "{marker}", "Marks of deleted keys that were old enough to be removed.");

    public static void Observe(IBusHealth connection) => _connections.TryAdd(connection, true);

    public static void Forget(IBusHealth connection) => _connections.TryRemove(connection, out _);

    public static void Reconnected() => _reconnects.Add(1);

    public static void Dropped(string subject) => _dropped.Add(1, Subject(subject));

    public static void PublishFailed(string subject) => _publishFailures.Add(1, Subject(subject));

    public static void Refused(string subject) => _refused.Add(1, Subject(subject));

    public static void Displaced(string subject) => _displaced.Add(1, Subject(subject));

    public static void RequestFailed() => _requestFailures.Add(1);

    public static void WatchRestarted() => _watchRestarts.Add(1);

    public static void EndLost() => _endsLost.Add(1);

    public static void MarkersPurged(int count) => _markersPurged.Add(count);

    private static KeyValuePair<string, object?> Subject(string subject) => new("subject", subject);
}
