using System.Diagnostics.CodeAnalysis;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Videos;

/// <summary>Where a job stands.</summary>
internal enum VideoStage
{
    /// <summary>Waits for a replica.</summary>
    Queued,

    /// <summary>An engine works on it.</summary>
    Running,

    /// <summary>It has ended, and its usage is being made durable. To clients it still runs.</summary>
    Settling,

    Completed,

    Failed,
}

/// <summary>One video, from the request on. Kept in the state store under <see cref="KeyOf"/>.</summary>
internal sealed record VideoJob
{
    public const string StatePrefix = "videos/";

    private const string IdPrefix = "video_";

    /// <summary>UUIDv7; the usage record's id, too.</summary>
    public required Guid Id { get; init; }

    public required string Project { get; init; }

    /// <summary>The key's id; empty for the console.</summary>
    public required string Key { get; init; }

    public required string Model { get; init; }

    public required int Revision { get; init; }

    public required string Prompt { get; init; }

    /// <summary>As it was asked for, later as the engine says; null: not said.</summary>
    public string? Seconds { get; init; }

    public string? Size { get; init; }

    /// <summary>Further fields that it was asked for with, for whoever wants another one like it: none of them is read here.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Between the parts of its spooled form.</summary>
    public required string Boundary { get; init; }

    /// <summary>Of its spooled form, which is there until it ends.</summary>
    public required long SpoolBytes { get; init; }

    /// <summary>Microseconds of video that it holds of the limits until it ends.</summary>
    public required long ReservedUs { get; init; }

    public VideoStage Stage { get; init; }

    /// <summary>The gateway that works on it, of several that share their jobs; null: there is one gateway.</summary>
    public string? Owner { get; init; }

    /// <summary>Percent, as the engine says.</summary>
    public int Progress { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it went to the engine that took it last.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>From then on it is deleted by itself; null: not before it has ended.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The engine's own id of it; null: none has it.</summary>
    public string? EngineJob { get; init; }

    /// <summary>The replica that took it last; empty: none did.</summary>
    public string Replica { get; init; } = "";

    /// <summary>How often it was sent to an engine.</summary>
    public int Attempts { get; init; }

    /// <summary>How often an engine lost it.</summary>
    public int Losses { get; init; }

    public bool ColdStart { get; init; }

    /// <summary>Microseconds that it waited for a replica, all waits together.</summary>
    public long ParkedUs { get; init; }

    /// <summary>How it ended; null: it has not.</summary>
    public VideoEnd? End { get; init; }

    public bool HasEnded => Stage is VideoStage.Completed or VideoStage.Failed;

    /// <summary>As clients know it.</summary>
    public string Name => NameOf(Id);

    /// <summary>What its files are called.</summary>
    public string FileName => Id.ToString("n");

    public static string NameOf(Guid id) => IdPrefix + id.ToString("n");

    public static string KeyOf(string project, Guid id) => $"{StatePrefix}{project}/{id:n}";

    /// <summary>Only the exact name: one spelling of an id is one answer.</summary>
    public static bool TryParseName([NotNullWhen(true)] string? name, out Guid id)
    {
        id = default;
        return name is not null && name.StartsWith(IdPrefix, StringComparison.Ordinal)
            && Guid.TryParseExact(name.AsSpan(IdPrefix.Length), "n", out id) && NameOf(id) == name;
    }
}

/// <summary>How a job ended. Written before its usage record, which is made of it alone: however often, it is the same.</summary>
/// <param name="Status">HTTP status that a client would have been told.</param>
/// <param name="Code">Why it did not complete; empty: it did.</param>
/// <param name="Message">The same, for people.</param>
/// <param name="VideoUs">Microseconds of video that were made.</param>
/// <param name="Cost">USD with twelve decimals.</param>
/// <param name="FileBytes">0: there is no file.</param>
/// <param name="At">UTC.</param>
/// <param name="IsDeleted">Nobody wants it: it goes once its usage is durable.</param>
internal sealed record VideoEnd(
    UsageOutcome Outcome, int Status, string Code, string Message, UsageSource Source, long VideoUs, int RateVersion, string Cost, long FileBytes,
    DateTimeOffset At, bool IsDeleted = false);
