using Podvirt.Catalogs;
using Podvirt.Core.Projects;
using Podvirt.Messaging;

namespace Podvirt.Projects;

/// <summary>What a file changes in the plans.</summary>
/// <param name="Removed">Ids that go: no project has them.</param>
/// <param name="Warnings">Plans that stay although the file has them no more.</param>
internal sealed record PlanDiff(
    PlanBook Next, IReadOnlyList<string> Added, IReadOnlyList<PlanChange> Changed, IReadOnlyList<string> Removed, IReadOnlyList<string> Warnings)
{
    public bool IsEmpty => Added.Count + Changed.Count + Removed.Count == 0;

    /// <summary>Pure. A plan that a project has stays in force until the project gets another: without it nothing would limit the project.</summary>
    /// <param name="users">The projects of each plan.</param>
    public static PlanDiff Between(PlanBook current, IReadOnlyList<Plan> wanted, ILookup<string, string> users)
    {
        var gone = current.Plans.Where(p => wanted.All(w => w.Id != p.Id)).ToList();
        var kept = gone.Where(p => users.Contains(p.Id)).ToList();
        var changed =
            from plan in wanted
            let known = current.Find(plan.Id)
            where known is not null
            let fields = FieldChange.Between(known, plan)
            where fields.Count > 0
            select new PlanChange(plan.Id, fields);
        var diff = new PlanDiff(
            current,
            [.. wanted.Where(w => current.Find(w.Id) is null).Select(w => w.Id)],
            [.. changed],
            [.. gone.Except(kept).Select(p => p.Id)],
            [.. kept.Select(p => $"plans: '{p.Id}' is not in the file, but {string.Join(", ", users[p.Id])} have it: it stays in force until they get another plan")]);
        return diff.IsEmpty ? diff : diff with { Next = new PlanBook(current.Revision + 1, [.. wanted, .. kept]) };
    }
}

/// <summary>A plan that a file changes.</summary>
internal sealed record PlanChange(string Id, IReadOnlyList<FieldChange> Fields);

/// <summary>The plans in the state store. Gateways watch the same entry.</summary>
internal sealed class PlanStore(IStateStore store, ProjectStore projects)
{
    public async Task<PlanBook> ReadAsync(CancellationToken cancellationToken) =>
        (await store.GetAsync(PlanBook.StateKey, cancellationToken))?.Read<PlanBook>() ?? PlanBook.Empty;

    /// <summary>Writes over exactly what was compared, and begins again when another write came first.</summary>
    public async Task<PlanDiff> ApplyAsync(IReadOnlyList<Plan> plans, bool isDryRun, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await store.GetAsync(PlanBook.StateKey, cancellationToken);
            var users = (await projects.ListAsync(cancellationToken)).Where(p => p.Plan is not null).ToLookup(p => p.Plan!, p => p.Id, StringComparer.Ordinal);
            var diff = PlanDiff.Between(entry?.Read<PlanBook>() ?? PlanBook.Empty, plans, users);
            if (diff.IsEmpty || isDryRun)
            {
                return diff;
            }
            var bytes = StateJson.ToBytes(diff.Next);
            var written = entry is null
                ? await store.CreateAsync(PlanBook.StateKey, bytes, cancellationToken)
                : await store.UpdateAsync(PlanBook.StateKey, bytes, entry.Revision, cancellationToken);
            if (written is not null)
            {
                return diff;
            }
        }
    }
}
