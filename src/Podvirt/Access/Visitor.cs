using Microsoft.AspNetCore.Http;
using Podvirt.Api;
using Podvirt.Members;

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

    /// <summary>Null: a token, not a browser.</summary>
    public FoundSession? Session { get; private init; }

    /// <summary>Null: whoever holds the admin token.</summary>
    public Member? Member => Session?.Member;

    /// <summary>The caller of an endpoint behind the gate.</summary>
    public static Visitor Of(HttpContext context) =>
        context.Features.Get<Visitor>() ?? throw new InvalidOperationException("The endpoint is not behind the gate.");

    public static Visitor Of(FoundSession session) =>
        new(Proof.Session, session.Member?.Id ?? AdminId, session.Member?.IsAdmin ?? true, session.Member is { IsAdmin: false } member ? member.Projects : null)
        {
            Session = session,
        };

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

    /// <summary>The project that is asked for. A member always has one: where they say none, the only one they have.</summary>
    /// <param name="asked">What the caller said; null: nothing.</param>
    /// <returns>Null: all of them, for an admin who said none.</returns>
    /// <exception cref="ApiException">It may not be seen, or a member has to choose.</exception>
    public string? Choose(string? asked)
    {
        if (asked is not null)
        {
            CheckProject(asked);
            return asked;
        }
        return Projects switch
        {
            null => null,
            [var only] => only,
            [] => throw new ApiException(
                StatusCodes.Status403Forbidden, "no_project", "You belong to no project yet. An admin of this Podvirt can change that.", "project"),
            _ => throw new ApiException(
                StatusCodes.Status400BadRequest, "project_required", $"Say which of your projects: {string.Join(", ", Projects)}.", "project"),
        };
    }

    /// <summary><see cref="Choose"/> with the parameter <c>project</c> of the address.</summary>
    public static string? ProjectOf(HttpContext context) => Of(context).Choose(ApiQuery.Text(context, "project"));
}
