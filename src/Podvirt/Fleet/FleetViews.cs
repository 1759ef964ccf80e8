using System.Text.Json;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;

namespace Podvirt.Fleet;

/// <summary>One replica as <c>GET /api/replicas</c> shows it.</summary>
/// <param name="State">placing, starting, warming, active, draining, falling_asleep, sleeping, waking, stopping or failed.</param>
/// <param name="Since">UTC, when it entered that state.</param>
/// <param name="CreatedAt">UTC, when it was placed.</param>
/// <param name="Phase">What a warming one is busy with.</param>
/// <param name="MemoryBytes">Held on each of its gpus.</param>
/// <param name="SleepLevel">Of a sleeping one.</param>
/// <param name="InFlight">Requests at it, over all gateways.</param>
/// <param name="Cause">Of the last decision about it.</param>
/// <param name="Reason">The same in a sentence; of a failed one, what went wrong.</param>
/// <param name="HostMemoryBytes">Held of its node's own memory: a level-1 sleeper's weights, as measured where that is possible.</param>
internal sealed record ReplicaView(
    string Id, string Model, int Revision, string State, DateTimeOffset Since, DateTimeOffset CreatedAt, string? Phase,
    IReadOnlyList<string> Gpus, string? GpuType, long MemoryBytes, int? SleepLevel, int InFlight, string Cause, string Reason, long HostMemoryBytes);

/// <summary>One gpu as <c>GET /api/gpus</c> shows it.</summary>
/// <param name="Status">available, draining (an operator wants it empty) or drained (it is).</param>
/// <param name="ReservedBytes">By replicas that serve, or are on their way up or down.</param>
/// <param name="SleepingBytes">What sleepers were measured to keep.</param>
/// <param name="Transition">The replica that changes its memory now.</param>
internal sealed record GpuDeviceView(
    string Id, int Index, string Node, string Type, bool Simulated, string Status, long MemoryBytes, long ReservedBytes, long SleepingBytes,
    long FreeBytes, string? Transition, IReadOnlyList<GpuHoldingView> Replicas);

/// <param name="MemoryBytes">What it holds on this gpu.</param>
internal sealed record GpuHoldingView(string Id, string Model, string State, long MemoryBytes);

/// <summary>One transition as <c>GET /api/transitions</c> and the <c>transition</c> event show it.</summary>
/// <param name="Id">Grows; for <c>before</c>.</param>
/// <param name="From">The state it left; null: it was placed.</param>
/// <param name="To">The state it entered; null: it is gone.</param>
/// <param name="TookMs">How long it was in <paramref name="From"/>.</param>
/// <param name="Eviction">For whom it left, and the numbers.</param>
internal sealed record TransitionView(
    long Id, DateTimeOffset At, string Model, int Revision, string Replica, IReadOnlyList<string> Gpus, string? From, string Trigger, string? To,
    string Cause, string Reason, long TookMs, EvictionNumbers? Eviction);

internal sealed record FleetLists(IReadOnlyList<GpuDeviceView> Gpus, IReadOnlyList<ReplicaView> Replicas);

/// <summary>Reports → views. Pure.</summary>
internal static class FleetViews
{
    public static FleetLists Of(FleetReport report, IReadOnlyDictionary<string, int> inFlight) =>
        new([.. report.Gpus.OrderBy(g => g.Node, StringComparer.Ordinal).ThenBy(g => g.Index).Select(g => Gpu(report, g))],
            [.. report.Replicas.Select(r => Replica(r, inFlight.GetValueOrDefault(r.Id)))]);

    public static TransitionView Of(LoggedTransition logged)
    {
        var (id, t) = logged;
        return new TransitionView(
            id, t.At, t.Model, t.Revision, t.Replica, t.Gpus, t.From is { } from ? Name(from) : null, Name(t.Trigger), t.To is { } to ? Name(to) : null,
            Name(t.Cause), t.Reason, t.TookMs, t.Eviction);
    }

    public static string Name<T>(T value)
        where T : notnull => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()!);

    private static ReplicaView Replica(ReplicaReport r, int inFlight) => new(
        r.Id, r.Model, r.Revision, Name(r.State), r.Since, r.CreatedAt, r.Phase, r.Gpus, r.GpuType.Length == 0 ? null : r.GpuType,
        r.HeldBytes, r.SleepLevel, inFlight, Name(r.Cause), r.Reason, r.HostBytes);

    private static GpuDeviceView Gpu(FleetReport report, GpuReport g)
    {
        var here = report.Replicas.Where(r => r.State != ReplicaState.Failed && r.Gpus.Contains(g.Id, StringComparer.Ordinal)).ToList();
        var status = !g.IsDraining ? "available" : here.Count > 0 ? "draining" : "drained";
        return new GpuDeviceView(
            g.Id, g.Index, g.Node, g.Type, g.Simulated, status, g.MemoryBytes, g.ReservedBytes, g.SleepingBytes,
            g.MemoryBytes - g.ReservedBytes - g.SleepingBytes, g.Transition,
            [.. here.Select(r => new GpuHoldingView(r.Id, r.Model, Name(r.State), r.HeldBytes))]);
    }
}
