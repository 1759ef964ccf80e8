using Podvirt.Access;
using Podvirt.Configuration;
using Podvirt.Projects;

namespace Podvirt.Members.Oidc;

/// <summary>Members whom the provider names: made at their first sign-in, with role and projects as of the latest one.</summary>
internal sealed class OidcMembers(MemberStore members, ProjectStore projects, ConsoleSessions sessions, TimeProvider time)
{
    /// <returns>The session's secret.</returns>
    /// <exception cref="OidcProblem">They may not come in.</exception>
    public async Task<string> SignInAsync(OidcIdentity identity, OidcSettings settings, CancellationToken cancellationToken)
    {
        var subject = new MemberSubject(identity.Issuer, identity.Subject);
        var known = (await projects.ListAsync(cancellationToken)).Where(p => p.ArchivedAt is null).Select(p => p.Id).ToHashSet(StringComparer.Ordinal);
        var grant = OidcGrant.Of(identity, settings, known);
        var member = await members.ReadAsync(Member.StateKeyOf(subject), cancellationToken);
        if (grant is null)
        {
            await TakeRightsAsync(member, cancellationToken);
            throw new OidcProblem(
                $"Your account at {settings.Name} has no access here: it needs the role '{settings.AdminRole}' in '{settings.RoleClaim}', or a project of this server in '{settings.ProjectsClaim}'.");
        }
        var signedIn = member is null
            ? await CreateAsync(subject, grant, cancellationToken)
            : await members.UpdateAsync(member, m => m.DisabledAt is null ? Refresh(m, grant) : m, cancellationToken);
        return signedIn switch
        {
            // Two first sign-ins at a time, or a removal in between.
            null => throw new OidcProblem("The account was changed meanwhile. Start again."),
            { DisabledAt: not null } => throw new OidcProblem("This account is disabled. An admin of this Podvirt can enable it."),
            _ => await sessions.IssueAsync(SignInKind.Oidc, signedIn, cancellationToken),
        };
    }

    private async Task<Member?> CreateAsync(MemberSubject subject, OidcGrant grant, CancellationToken cancellationToken)
    {
        if ((await members.ListAsync(cancellationToken)).Count >= MemberStore.CountMax)
        {
            throw new OidcProblem("There are as many members as there may be. Ask an admin.");
        }
        return await members.CreateAsync(
            (id, now) => Refresh(
                new Member { Id = id, Name = grant.Name, Email = grant.Email, Role = grant.Role, Subject = subject, CreatedAt = now }, grant),
            cancellationToken);
    }

    private Member Refresh(Member member, OidcGrant grant) => member with
    {
        Name = grant.Name,
        Email = grant.Email,
        Role = grant.Role,
        Projects = grant.Projects,
        LastSignInAt = time.GetUtcNow(),
    };

    /// <summary>What the provider took back ends here too, in all browsers.</summary>
    private async Task TakeRightsAsync(Member? member, CancellationToken cancellationToken)
    {
        if (member is not null)
        {
            await members.UpdateAsync(member, m => m with { Role = MemberRole.Member, Projects = [], Epoch = m.Epoch + 1 }, cancellationToken);
            await sessions.ClearAsync(member.Id, cancellationToken);
        }
    }
}
