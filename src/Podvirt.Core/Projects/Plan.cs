namespace Podvirt.Core.Projects;

/// <summary>A project's limits. What is null has none.</summary>
public sealed record Plan
{
    /// <summary>What a project without a plan has: no plan may be called so.</summary>
    public const string Unlimited = "unlimited";

    public required string Id { get; init; }

    /// <summary>Prompt and completion tokens of one UTC calendar month.</summary>
    public ModelLimits TokensPerMonth { get; init; } = ModelLimits.None;

    /// <summary>Seconds of video of one UTC calendar month.</summary>
    public ModelLimits VideoSecondsPerMonth { get; init; } = ModelLimits.None;

    /// <summary>Of all of the project's keys together.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Of all of the project's keys together.</summary>
    public int? TokensPerMinute { get; init; }
}

/// <summary>A limit for each model by itself.</summary>
/// <param name="Default">Of every model that is not named; null: none.</param>
/// <param name="Models">By the model's id.</param>
public sealed record ModelLimits(long? Default, IReadOnlyDictionary<string, long> Models)
{
    public static ModelLimits None { get; } = new(null, new Dictionary<string, long>(StringComparer.Ordinal));

    public long? Of(string model) => Models.TryGetValue(model, out var limit) ? limit : Default;
}

/// <summary>All plans at one moment. Stored under <see cref="StateKey"/>.</summary>
/// <param name="Revision">Grows by one with every applied change.</param>
public sealed record PlanBook(long Revision, IReadOnlyList<Plan> Plans)
{
    public const string StateKey = "plans";

    public static PlanBook Empty { get; } = new(0, []);

    public Plan? Find(string? id) => Plans.FirstOrDefault(p => string.Equals(p.Id, id, StringComparison.Ordinal));
}
