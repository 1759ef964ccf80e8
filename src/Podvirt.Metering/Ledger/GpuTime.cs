namespace Podvirt.Metering.Ledger;

/// <summary>What a replica does with the gpus that it holds.</summary>
public enum GpuUse
{
    /// <summary>Active or draining.</summary>
    Active,

    /// <summary>Placing, starting, warming or waking: the time that a cold start costs.</summary>
    Warming,

    /// <summary>Falling asleep or sleeping.</summary>
    Sleeping,
}

/// <summary>A time during which one replica used its gpus in one way, within one UTC hour. Replica and start are its name: a later one with the same replaces it.</summary>
/// <param name="Gpus">How many.</param>
public sealed record GpuInterval(
    string Model, int Revision, string Replica, GpuUse Use, int Gpus, DateTimeOffset From, DateTimeOffset To);

/// <summary>Which gpu time: what lies within <c>From</c> and <c>To</c> (UTC), cut there; null filters take all.</summary>
public sealed record GpuTimeQuery(DateTimeOffset From, DateTimeOffset To, string? Model = null, string? Replica = null);

/// <summary>One replica's gpu time of one use within one hour.</summary>
/// <param name="Hour">UTC, its beginning.</param>
/// <param name="GpuMicroseconds">Of all its gpus together.</param>
public sealed record GpuSeconds(DateTimeOffset Hour, string Model, int Revision, string Replica, GpuUse Use, long GpuMicroseconds);

public partial interface ILedger
{
    /// <summary>Adds intervals in one durable step. One with the replica and start of an earlier one takes its place, unless it is shorter: the same ones may come any number of times.</summary>
    ValueTask AppendGpuTimeAsync(IReadOnlyList<GpuInterval> intervals, CancellationToken cancellationToken = default);

    /// <summary>Gpu time by hour, model, revision, replica and use, in that order.</summary>
    ValueTask<IReadOnlyList<GpuSeconds>> GpuSecondsAsync(GpuTimeQuery query, CancellationToken cancellationToken = default);
}
