using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Api;
using Podvirt.Projects;

namespace Podvirt.Members;

/// <param name="Role">admin or member; default member.</param>
/// <param name="Projects">Ids of the projects that a member sees; an admin sees all.</param>
internal sealed record MemberBody(string? Name, string? Email, string? Role = null, IReadOnlyList<string>? Projects = null);

/// <param name="Role">admin or member.</param>
/// <param name="Disabled">True ends their sessions; false lets them sign in again.</param>
internal sealed record MemberChange(string? Name = null, string? Role = null, IReadOnlyList<string>? Projects = null, bool? Disabled = null);

/// <summary>Checks what callers say of a member.</summary>
internal sealed class MemberFields(ProjectStore projects)
{
    private const int ProjectsMax = 1000;

    private static readonly string[] _names = ["name", "role", "projects", "disabled"];

    public static MemberChange Change(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "invalid_json", "The body is no JSON object.");
        }
        foreach (var part in json.EnumerateObject())
        {
            if (!_names.Contains(part.Name, StringComparer.Ordinal))
            {
                throw Invalid("unknown_member", $"'{part.Name}' is nothing that can be changed; choose from {string.Join(", ", _names)}.", part.Name);
            }
        }
        return ApiJson.Convert<MemberChange>(json);
    }

    public static string Name(string? text)
    {
        var name = text?.Trim() ?? "";
        return name.Length is > 0 and <= MemberStore.NameLengthMax && !name.Any(char.IsControl)
            ? name
            : throw Invalid("invalid_name", $"Give the member a name of 1 to {MemberStore.NameLengthMax} characters.", "name");
    }

    public static string Email(string? text) => MemberStore.EmailOf(text)
        ?? throw Invalid("invalid_email", $"'{text}' is not an e-mail address; write one such as ada@example.com, of at most {MemberStore.EmailLengthMax} characters.", "email");

    public static MemberRole Role(string text) => text switch
    {
        "admin" => MemberRole.Admin,
        "member" => MemberRole.Member,
        _ => throw Invalid("invalid_role", $"'{text}' is no role; choose admin or member.", "role"),
    };

    public async Task<IReadOnlyList<string>> ProjectsAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        if (ids.Count > ProjectsMax)
        {
            throw Invalid("invalid_projects", $"Name at most {ProjectsMax} projects; an admin sees all.", "projects");
        }
        var known = (await projects.ListAsync(cancellationToken)).Where(p => p.ArchivedAt is null).Select(p => p.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var id in ids)
        {
            if (id is null || !known.Contains(id))
            {
                throw ProjectEndpoints.NotFound(id ?? "", "projects");
            }
        }
        return [.. ids.Distinct(StringComparer.Ordinal)];
    }

    private static ApiException Invalid(string code, string message, string param) => new(StatusCodes.Status400BadRequest, code, message, param);
}
