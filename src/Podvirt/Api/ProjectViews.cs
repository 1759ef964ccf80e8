using Podvirt.Core.Models;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Api;

/// <param name="Plan">The plan's id; <c>unlimited</c> where the project has none.</param>
internal sealed record ProjectView(string Id, string Name, string Plan, DateTimeOffset CreatedAt, DateTimeOffset? ArchivedAt)
{
    public static ProjectView Of(Project project) =>
        new(project.Id, project.Name, project.Plan ?? Core.Projects.Plan.Unlimited, project.CreatedAt, project.ArchivedAt);
}

internal sealed record PlanView(
    string Id, MonthLimitView TokensPerMonth, MonthLimitView VideoSecondsPerMonth, int? RequestsPerMinute, int? TokensPerMinute, IReadOnlyList<string> Projects)
{
    public static PlanView Of(Plan plan, IEnumerable<Project> projects) => new(
        plan.Id, MonthLimitView.Of(plan.TokensPerMonth), MonthLimitView.Of(plan.VideoSecondsPerMonth), plan.RequestsPerMinute, plan.TokensPerMinute,
        [.. projects.Where(p => p.Plan == plan.Id).Select(p => p.Id)]);
}

/// <param name="Default">Of every model that is not named, each by itself; null: no limit.</param>
internal sealed record MonthLimitView(long? Default, IReadOnlyDictionary<string, long> Models)
{
    public static MonthLimitView Of(ModelLimits limits) => new(limits.Default, limits.Models);
}

/// <summary>A project's month: what each model used of its limit.</summary>
/// <param name="From">The month's first moment, UTC.</param>
/// <param name="To">The next month's.</param>
/// <param name="Cost">USD of all models.</param>
internal sealed record ProjectUsageView(string Project, string Plan, DateTimeOffset From, DateTimeOffset To, string Cost, IReadOnlyList<ModelUsageView> Models)
{
    /// <summary>Models of the catalog, and those that were used and are gone.</summary>
    public static ProjectUsageView Of(Project project, Plan? plan, UtcMonth month, Catalog catalog, IEnumerable<Consumed> consumed)
    {
        var byModel = consumed.Where(c => c.Project == project.Id).ToLookup(c => c.Model, StringComparer.Ordinal);
        var ids = catalog.Models.Select(m => m.Id).Union(byModel.Select(g => g.Key).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        return new ProjectUsageView(
            project.Id, project.Plan ?? Core.Projects.Plan.Unlimited, month.Start, month.End, Sum(byModel.SelectMany(g => g)).ToString(),
            [.. ids.Select(id => ModelUsageView.Of(id, plan, byModel[id]))]);
    }

    internal static Cost Sum(IEnumerable<Consumed> parts) => parts.Aggregate(Core.Usage.Cost.Zero, (sum, part) => sum + part.Cost);
}

/// <param name="Limit">Tokens of the month; null: none.</param>
/// <param name="VideoLimit">Seconds of the month; null: none.</param>
internal sealed record ModelUsageView(string Model, long Used, long? Limit, decimal VideoUsed, long? VideoLimit, string Cost)
{
    private const decimal MicrosPerSecond = 1_000_000;

    public static ModelUsageView Of(string model, Plan? plan, IEnumerable<Consumed> parts)
    {
        Consumed[] all = [.. parts];
        return new ModelUsageView(
            model, all.Sum(p => p.Tokens), plan?.TokensPerMonth.Of(model), all.Sum(p => p.VideoUs) / MicrosPerSecond, plan?.VideoSecondsPerMonth.Of(model),
            ProjectUsageView.Sum(all).ToString());
    }
}
