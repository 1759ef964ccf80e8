using System.Text.Json;
using Podvirt.Configuration;

namespace Podvirt.Members.Oidc;

/// <summary>What the claims of a token make of somebody.</summary>
/// <param name="Projects">Ids of projects that there are; of an admin none is needed.</param>
internal sealed record OidcGrant(string Name, string Email, MemberRole Role, IReadOnlyList<string> Projects)
{
    /// <summary>Pure. Null: the claims give neither the admin's role nor a project.</summary>
    /// <param name="known">Projects that there are and that are not archived.</param>
    public static OidcGrant? Of(OidcIdentity identity, OidcSettings settings, IReadOnlyCollection<string> known)
    {
        var isAdmin = Texts(identity.Claims, settings.RoleClaim).Contains(settings.AdminRole, StringComparer.Ordinal);
        var projects = Texts(identity.Claims, settings.ProjectsClaim).Where(known.Contains).Distinct(StringComparer.Ordinal).ToList();
        if (!isAdmin && projects.Count == 0)
        {
            return null;
        }
        var email = Shown("email", MemberStore.EmailLengthMax) ?? "";
        var name = Shown("name", MemberStore.NameLengthMax) ?? Shown("preferred_username", MemberStore.NameLengthMax) ?? (email.Length > 0 ? email : identity.Subject);
        return new OidcGrant(Cut(name, MemberStore.NameLengthMax), email, isAdmin ? MemberRole.Admin : MemberRole.Member, projects);

        string? Shown(string claim, int lengthMax) =>
            Texts(identity.Claims, claim).Select(t => new string([.. t.Where(c => !char.IsControl(c))]).Trim()).FirstOrDefault(t => t.Length > 0) is { } text
                ? Cut(text, lengthMax)
                : null;
    }

    /// <summary>A claim's texts: one, or a list. A name with dots is that claim, or the way to it through objects.</summary>
    internal static IReadOnlyList<string> Texts(JsonElement claims, string path)
    {
        if (Find(claims, path) is not { } claim)
        {
            return [];
        }
        return claim.ValueKind switch
        {
            JsonValueKind.String => [claim.GetString()!],
            JsonValueKind.Array => [.. claim.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)],
            _ => [],
        };
    }

    private static JsonElement? Find(JsonElement claims, string path)
    {
        if (claims.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        if (claims.TryGetProperty(path, out var whole))
        {
            return whole;
        }
        var cut = path.IndexOf('.', StringComparison.Ordinal);
        return cut > 0 && claims.TryGetProperty(path[..cut], out var inner) ? Find(inner, path[(cut + 1)..]) : null;
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length];
}
