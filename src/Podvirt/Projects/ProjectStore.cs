using Podvirt.Core.Projects;
using Podvirt.Messaging;

namespace Podvirt.Projects;

/// <summary>Projects in the state store. Gateways watch the same entries.</summary>
internal sealed class ProjectStore(IStateStore store, TimeProvider time)
{
    public const int NameLengthMax = 100;
    public const int IdLengthMax = 64;

    /// <summary>Lower-case letters, digits and dashes, neither first nor last.</summary>
    public static bool IsId(string id) =>
        id.Length is > 0 and <= IdLengthMax && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && id[0] != '-' && id[^1] != '-';

    /// <summary>The id that a name suggests; empty where it has no letter for one.</summary>
    public static string IdOf(string name)
    {
        var words = new string([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : ' ')]);
        var id = string.Join('-', words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return id.Length <= IdLengthMax ? id : id[..IdLengthMax].Trim('-');
    }

    /// <summary>Makes the one that exists from the start, where it is missing.</summary>
    public async Task EnsureDefaultAsync(CancellationToken cancellationToken) =>
        await CreateAsync(Project.Default, "Default", plan: null, cancellationToken);

    /// <returns>Null where the id is taken, also by an archived project.</returns>
    public async Task<Project?> CreateAsync(string id, string name, string? plan, CancellationToken cancellationToken = default)
    {
        var project = new Project { Id = id, Name = name, Plan = plan, CreatedAt = time.GetUtcNow() };
        return await store.CreateAsync(Project.StatePrefix + id, StateJson.ToBytes(project), cancellationToken) is null ? null : project;
    }

    public async Task<Project?> FindAsync(string id, CancellationToken cancellationToken = default) =>
        IsId(id) ? (await store.GetAsync(Project.StatePrefix + id, cancellationToken))?.Read<Project>() : null;

    /// <summary>All, archived ones too, oldest first.</summary>
    public async Task<IReadOnlyList<Project>> ListAsync(CancellationToken cancellationToken = default)
    {
        var entries = await store.ListAsync(Project.StatePrefix, cancellationToken);
        return [.. entries.Select(e => e.Read<Project>()).OrderBy(p => p.CreatedAt).ThenBy(p => p.Id, StringComparer.Ordinal)];
    }

    /// <summary>The project as it is afterwards; null when there is none.</summary>
    public async Task<Project?> UpdateAsync(string id, Func<Project, Project> change, CancellationToken cancellationToken = default)
    {
        while (IsId(id) && await store.GetAsync(Project.StatePrefix + id, cancellationToken) is { } entry)
        {
            var changed = change(entry.Read<Project>());
            if (await store.UpdateAsync(entry.Key, StateJson.ToBytes(changed), entry.Revision, cancellationToken) is not null)
            {
                return changed;
            }
        }
        return null;
    }
}
