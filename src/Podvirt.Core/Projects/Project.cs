namespace Podvirt.Core.Projects;

/// <summary>Who pays: owns keys and has one plan. Stored under <see cref="StatePrefix"/> + <see cref="Id"/>.</summary>
public sealed record Project
{
    public const string StatePrefix = "projects/";

    /// <summary>The id of the one that exists from the start.</summary>
    public const string Default = "default";

    /// <summary>Stands in every usage record: never changes and is never used again.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The plan's id; null: without limits.</summary>
    public string? Plan { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From then on its keys are refused. What it used stays on the ledger.</summary>
    public DateTimeOffset? ArchivedAt { get; init; }
}
