using Microsoft.AspNetCore.Http;
using Podvirt.Api;

namespace Podvirt.Access;

/// <summary>How a caller proved who they are.</summary>
internal enum Proof
{
    /// <summary><c>Authorization: Bearer</c>.</summary>
    Token,

    /// <summary>The console's cookie.</summary>
    Session,
}

/// <summary>Who calls, as the gate found.</summary>
/// <param name="Id">The member's; <see cref="AdminId"/> for whoever holds the admin token.</param>
/// <param name="Projects">Ids of those that may be seen; null: all.</param>
internal sealed record Visitor(Proof Proof, string Id, bool IsAdmin, IReadOnlyList<string>? Projects)
{
    public const string AdminId = "admin";

    /// <summary>The caller of an endpoint behind the gate.</summary>
    public static Visitor Of(HttpContext context) =>
        context.Features.Get<Visitor>() ?? throw new InvalidOperationException("The endpoint is not behind the gate.");

    public bool MaySee(string project) => Projects is null || Projects.Contains(project, StringComparer.Ordinal);

    /// <summary>What another's project is to a member: not there.</summary>
    /// <exception cref="ApiException">It may not be seen.</exception>
    public void CheckProject(string project, string param = "project")
    {
        if (!MaySee(project))
        {
            throw ProjectEndpoints.NotFound(project, param);
        }
    }
}
