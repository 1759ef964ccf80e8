using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering;

/// <summary>How outcomes, sources and uses are spelled in files, groups and metrics. Stored: never changed.</summary>
internal static class UsageNames
{
    public const string Completed = "completed";
    public const string Cancelled = "cancelled";
    public const string Truncated = "truncated";
    public const string Failed = "failed";
    public const string None = "none";
    public const string Engine = "engine";
    public const string Quarantined = "quarantined";

    public static string Of(UsageOutcome outcome) => outcome switch
    {
        UsageOutcome.Completed => Completed,
        UsageOutcome.Cancelled => Cancelled,
        UsageOutcome.Truncated => Truncated,
        UsageOutcome.Failed => Failed,
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "unknown outcome"),
    };

    public static string Of(UsageSource source) => source switch
    {
        UsageSource.None => None,
        UsageSource.Engine => Engine,
        UsageSource.Quarantined => Quarantined,
        _ => throw new ArgumentOutOfRangeException(nameof(source), source, "unknown usage source"),
    };

    public static string Of(GpuUse use) => use switch
    {
        GpuUse.Active => "active",
        GpuUse.Warming => "warming",
        GpuUse.Sleeping => "sleeping",
        _ => throw new ArgumentOutOfRangeException(nameof(use), use, "unknown use"),
    };

    public static GpuUse Use(string name) => name switch
    {
        "active" => GpuUse.Active,
        "warming" => GpuUse.Warming,
        "sleeping" => GpuUse.Sleeping,
        _ => throw new InvalidDataException($"unknown use '{name}'"),
    };

    public static UsageOutcome Outcome(string name) => name switch
    {
        Completed => UsageOutcome.Completed,
        Cancelled => UsageOutcome.Cancelled,
        Truncated => UsageOutcome.Truncated,
        Failed => UsageOutcome.Failed,
        _ => throw new InvalidDataException($"unknown outcome '{name}'"),
    };

    public static UsageSource Source(string name) => name switch
    {
        None => UsageSource.None,
        Engine => UsageSource.Engine,
        Quarantined => UsageSource.Quarantined,
        _ => throw new InvalidDataException($"unknown usage source '{name}'"),
    };
}
