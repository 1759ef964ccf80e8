using Podvirt.Core.Usage;

namespace Podvirt.Metering;

/// <summary>How outcomes and sources are spelled in files, groups and metrics. Stored: never changed.</summary>
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
