using System.Diagnostics.Metrics;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway;

/// <summary>The room's meter, <c>Podvirt.Gateway</c>. Everything is read where it is counted anyway, when somebody asks.</summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "Podvirt.Gateway";

    private readonly Meter _meter;

    public GatewayMetrics(RouteDirectory routes, Announcer announcer, IMeterFactory? factory)
    {
        _meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        _meter.CreateObservableGauge(
            "podvirt.requests.parked", () => routes.GetParking().Select(m => Of(m.Waiting, m.Model)), "{request}", "Requests that wait for a replica.");
        _meter.CreateObservableGauge(
            "podvirt.requests.parked.bytes", () => routes.GetParking().Select(m => Of(m.Bytes, m.Model)), "By", "Memory that their bodies hold.");
        _meter.CreateObservableGauge(
            "podvirt.requests.running", () => routes.GetParking().Select(m => Of(m.InFlight, m.Model)), "{request}", "Requests at an engine.");
        _meter.CreateObservableCounter(
            "podvirt.parking.ends", () => routes.GetParking().SelectMany(m => Ends(m.Model, m.Counts)), "{request}",
            "How waits for a replica ended; turned_away found the queue full.");
        _meter.CreateObservableCounter(
            "podvirt.replica.troubles.dropped", () => announcer.DroppedTroubles, "{trouble}",
            "Troubles with replicas that the scheduler was not told, because the bus took none.");
    }

    public void Dispose() => _meter.Dispose();

    private static Measurement<long> Of(long value, string model) => new(value, new KeyValuePair<string, object?>("model", model));

    private static IEnumerable<Measurement<long>> Ends(string model, ParkingCounts counts) =>
    [
        Of(counts.Granted, model, "granted"),
        Of(counts.Left, model, "client_gone"),
        Of(counts.TimedOut, model, "timed_out"),
        Of(counts.Refused, model, "refused"),
        Of(counts.TurnedAway, model, "turned_away"),
    ];

    private static Measurement<long> Of(long value, string model, string end) =>
        new(value, new KeyValuePair<string, object?>("model", model), new KeyValuePair<string, object?>("end", end));
}
