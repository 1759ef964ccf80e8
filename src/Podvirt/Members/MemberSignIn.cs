using Microsoft.AspNetCore.Http;
using Podvirt.Access;
using Podvirt.Api;

namespace Podvirt.Members;

/// <summary>
/// Members with passwords: signing in, setting the first one by an invite, and changing it. Who fails learns nothing of who there is:
/// an unknown address, a wrong password and an account without one are refused alike and after the same work.
/// </summary>
internal sealed class MemberSignIn(MemberStore members, Passwords passwords, ConsoleSessions sessions, SignInLimits limits, TimeProvider time)
{
    /// <returns>The session's secret.</returns>
    /// <exception cref="ApiException">Refused.</exception>
    public async Task<string> SignInAsync(HttpContext context, string typedEmail, string password)
    {
        var cancellationToken = context.RequestAborted;
        var email = MemberStore.EmailOf(typedEmail) ?? "";
        var attempt = limits.Begin(context, email);
        var member = await members.FindByEmailAsync(email, cancellationToken);
        var check = await passwords.CheckAsync(member?.PasswordHash, password, cancellationToken);
        if (member is null || check == PasswordCheck.Wrong)
        {
            throw new ApiException(StatusCodes.Status401Unauthorized, "wrong_password", "This e-mail address and password do not belong together.", "password");
        }
        attempt.Succeeded();
        ThrowIfDisabled(member);
        var newHash = check == PasswordCheck.RightAndOutdated ? await passwords.HashAsync(password, cancellationToken) : null;
        var now = time.GetUtcNow();
        var signedIn = await members.UpdateAsync(
            member,
            known => known.Epoch != member.Epoch ? known : known with { LastSignInAt = now, PasswordHash = newHash ?? known.PasswordHash },
            cancellationToken);
        // A password that was replaced while it was checked is none.
        return signedIn?.Epoch == member.Epoch
            ? await sessions.IssueAsync(SignInKind.Password, signedIn, cancellationToken)
            : throw new ApiException(StatusCodes.Status401Unauthorized, "wrong_password", "This e-mail address and password do not belong together.", "password");
    }

    /// <summary>Whom an invite is for.</summary>
    /// <exception cref="ApiException">It is used, replaced or over.</exception>
    public async Task<Member> FindInvitedAsync(HttpContext context, string code)
    {
        var attempt = limits.Begin(context);
        var member = InviteCode.StateKeyOf(code) is { } stateKey ? await members.ReadAsync(stateKey, context.RequestAborted) : null;
        if (member is null || !InviteCode.Opens(code, member, time.GetUtcNow()))
        {
            throw NoInvite();
        }
        attempt.Succeeded();
        return member;
    }

    /// <summary>Uses an invite up.</summary>
    /// <returns>The session's secret.</returns>
    /// <exception cref="ApiException">Refused.</exception>
    public async Task<string> AcceptAsync(HttpContext context, string code, string password)
    {
        var cancellationToken = context.RequestAborted;
        var member = await FindInvitedAsync(context, code);
        var hash = await passwords.HashAsync(password, cancellationToken);
        var now = time.GetUtcNow();
        // Over what stands there then: of two who use one link at a time, one is too late.
        var accepted = await members.UpdateAsync(
            member,
            known => InviteCode.Opens(code, known, now)
                ? known with { PasswordHash = hash, Invite = null, LastSignInAt = now, Epoch = known.Epoch + 1 }
                : throw NoInvite(),
            cancellationToken);
        return await sessions.IssueAsync(SignInKind.Password, accepted ?? throw NoInvite(), cancellationToken);
    }

    /// <summary>Ends all sessions of the member and begins a new one.</summary>
    /// <returns>The session's secret.</returns>
    /// <exception cref="ApiException">Refused.</exception>
    public async Task<string> ChangePasswordAsync(HttpContext context, Member member, string current, string password)
    {
        var cancellationToken = context.RequestAborted;
        var attempt = limits.Begin(context, member.Email);
        if (await passwords.CheckAsync(member.PasswordHash, current, cancellationToken) == PasswordCheck.Wrong)
        {
            // Not 401: whoever mistypes is still signed in.
            throw new ApiException(StatusCodes.Status403Forbidden, "wrong_password", "The current password is another one.", "current");
        }
        attempt.Succeeded();
        var hash = await passwords.HashAsync(password, cancellationToken);
        var changed = await members.UpdateAsync(
            member,
            known => known.Epoch == member.Epoch ? known with { PasswordHash = hash, Epoch = known.Epoch + 1 } : throw Overtaken(),
            cancellationToken);
        var secret = await sessions.IssueAsync(SignInKind.Password, changed ?? throw Overtaken(), cancellationToken);
        await sessions.ClearAsync(changed.Id, cancellationToken);
        return secret;
    }

    public static void ThrowIfDisabled(Member member)
    {
        if (member.DisabledAt is not null)
        {
            throw new ApiException(StatusCodes.Status403Forbidden, "member_disabled", "This account is disabled. An admin of this Podvirt can enable it.");
        }
    }

    private static ApiException NoInvite() => new(
        StatusCodes.Status404NotFound, "invite_not_found", "This invite has been used, was replaced by another, or has expired. Ask an admin for a new one.", "code");

    private static ApiException Overtaken() => new(
        StatusCodes.Status409Conflict, "member_changed", "The account was changed meanwhile. Sign in again.");
}
