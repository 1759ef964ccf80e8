using System.Diagnostics.Metrics;

namespace Podvirt.Gateway.Routing;

/// <summary>Of the gateway among the others, on the room's meter.</summary>
internal sealed class MembershipMetrics : IDisposable
{
    private readonly Meter _meter;

    public MembershipMetrics(Membership membership, IMeterFactory? factory)
    {
        _meter = factory?.Create(GatewayMetrics.MeterName) ?? new Meter(GatewayMetrics.MeterName);
        _meter.CreateObservableGauge(
            "podvirt.gateway.attached", () => membership.IsAttached ? 1 : 0, "{gateway}",
            "1 while the scheduler's decisions reach this gateway; 0 while it serves by its last routes and asks engines whether they sleep.");
        _meter.CreateObservableGauge("podvirt.gateway.members", () => membership.Members.Count, "{gateway}", "Gateways whose membership holds, as seen here.");
    }

    public void Dispose() => _meter.Dispose();
}
