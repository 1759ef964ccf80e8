using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>One request that woke its engine. Milliseconds.</summary>
/// <param name="ToWake">From the request's sending to the wake-up call at the engine.</param>
/// <param name="Wake">What the engine took for it.</param>
/// <param name="ToCanary">From its answer to the canary at the engine.</param>
/// <param name="Canary">What the engine took for that.</param>
/// <param name="ToEngine">From its answer to the request's first byte at the engine.</param>
internal sealed record WakeSample(double ToWake, double Wake, double ToCanary, double Canary, double ToEngine)
{
    private const string WakePath = "/wake_up";
    private const string ChatPath = "/v1/chat/completions";

    /// <summary>From the request's sending to its arrival at the engine, less what the engine took for waking and for the canary.</summary>
    public double Added => ToWake + ToCanary + ToEngine;

    /// <summary>The same with the canary as a part of what is added.</summary>
    public double AddedWithCanary => Added + Canary;

    /// <exception cref="InvalidOperationException">The engine did not see a wake, a canary and the request, in that order.</exception>
    public static WakeSample Of(RequestDetail request, IReadOnlyList<EngineSpan> timeline)
    {
        var wake = Next(timeline, WakePath, request.Intended);
        var canary = Next(timeline, ChatPath, wake.Ended);
        var arrival = Next(timeline, ChatPath, canary.Ended);
        return new WakeSample(
            Ms(wake.Began - request.Intended), Ms(wake.Ended - wake.Began), Ms(canary.Began - wake.Ended), Ms(canary.Ended - canary.Began),
            Ms(arrival.Began - canary.Ended));
    }

    private static EngineSpan Next(IReadOnlyList<EngineSpan> timeline, string path, long after) =>
        timeline.FirstOrDefault(span => span.Path == path && span.Began >= after)
        ?? throw new InvalidOperationException($"The engine got no {path} where one was to be: {string.Join(", ", timeline.TakeLast(8))}");

    private static double Ms(long nanoseconds) => (double)nanoseconds / MonotonicClock.Millisecond;
}
