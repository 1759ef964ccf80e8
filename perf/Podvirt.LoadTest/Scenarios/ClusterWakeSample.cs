using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>One wake, and what the gateways made of it, each with one request that waited for it. Milliseconds.</summary>
/// <param name="Wake">What the engine took for the wake-up call. With its answer the engine is ready.</param>
/// <param name="ToCanary">From its answer to the canary at the engine.</param>
/// <param name="Canary">What the engine took for that.</param>
/// <param name="ToFirst">From its answer to the first gateway's request at the engine.</param>
/// <param name="ToLast">To the last one's.</param>
internal sealed record ClusterWakeSample(double Wake, double ToCanary, double Canary, double ToFirst, double ToLast)
{
    private const string WakePath = "/wake_up";
    private const string ChatPath = "/v1/chat/completions";

    /// <summary>From the engine's readiness until the last gateway has sent its request, the canary included.</summary>
    public double SeenByAll => ToCanary + Canary + ToLast;

    /// <param name="asked">When the request was sent that asked for the wake.</param>
    /// <param name="waiting">When the last of the others was sent.</param>
    /// <returns>Null: not all of them waited when the engine was ready, so that it says nothing about the news.</returns>
    /// <exception cref="InvalidOperationException">The engine did not see a wake, a canary and the requests, in that order.</exception>
    public static ClusterWakeSample? Of(long asked, long waiting, int gateways, IReadOnlyList<EngineSpan> timeline)
    {
        var wake = timeline.FirstOrDefault(span => span.Path == WakePath && span.Began >= asked);
        var chats = wake is null ? [] : timeline.Where(span => span.Path == ChatPath && span.Began >= wake.Ended).OrderBy(span => span.Began).ToList();
        if (wake is null || chats.Count != 1 + gateways)
        {
            throw new InvalidOperationException($"The engine got {chats.Count} requests after a wake where {1 + gateways} were to be: {string.Join(", ", timeline.TakeLast(12))}");
        }
        var canary = chats[0];
        return waiting > wake.Ended - s_settled ? null : new ClusterWakeSample(
            Ms(wake.Ended - wake.Began), Ms(canary.Began - wake.Ended), Ms(canary.Ended - canary.Began), Ms(chats[1].Began - canary.Ended), Ms(chats[^1].Began - canary.Ended));
    }

    /// <summary>A request that was sent so long before is parked.</summary>
    private static readonly long s_settled = 30 * MonotonicClock.Millisecond;

    private static double Ms(long nanoseconds) => (double)nanoseconds / MonotonicClock.Millisecond;
}
