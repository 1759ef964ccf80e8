using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Api.OpenApi;
using Podvirt.ConsoleSite;

namespace Podvirt.Members;

/// <summary><c>/api/session/invites</c> (show, accept) and <c>/api/session/password</c>: what members do with their own passwords.</summary>
internal sealed class InviteEndpoints(AccessGate gate, MemberSignIn members, ConsoleSwitch console)
{
    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapPost("/session/invites/show", (Delegate)ShowAsync), Entry.Open).Describe(
            new ApiOperation("Show whom an invite is for") { Body = typeof(ShownCode), Answer = typeof(InviteView), Refusals = [400, 404, 429], IsOpen = true });
        gate.Guard(api.MapPost("/session/invites/accept", (Delegate)AcceptAsync), Entry.Open).Describe(
            new ApiOperation("Use an invite: set a password and sign in; answers a cookie")
            {
                Body = typeof(Acceptance),
                Status = 204,
                Refusals = [400, 403, 404, 429],
                IsOpen = true,
            });
        gate.Guard(api.MapPost("/session/password", (Delegate)ChangeAsync), Entry.Console).Describe(
            new ApiOperation("Change the own password; all other sessions end")
            {
                Body = typeof(PasswordChange),
                Status = 204,
                Refusals = [400, 403, 409, 429],
            });
    }

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        console.ThrowIfOff();
        var member = await members.FindInvitedAsync(context, CheckCode((await ApiJson.ReadAsync<ShownCode>(context)).Code));
        return ApiJson.Ok(new InviteView(member.Name, member.Email, member.Invite!.ExpiresAt));
    }

    private async Task<IResult> AcceptAsync(HttpContext context)
    {
        console.ThrowIfOff();
        SessionCookie.CheckPage(context);
        var body = await ApiJson.ReadAsync<Acceptance>(context);
        SessionCookie.Give(context, await members.AcceptAsync(context, CheckCode(body.Code), Passwords.Check(body.Password)));
        return Results.NoContent();
    }

    private async Task<IResult> ChangeAsync(HttpContext context)
    {
        if (Visitor.Of(context).Member is not { Subject: null } member)
        {
            throw new ApiException(StatusCodes.Status409Conflict, "no_password", "You signed in without a password of this server's.");
        }
        var body = await ApiJson.ReadAsync<PasswordChange>(context);
        SessionCookie.Give(context, await members.ChangePasswordAsync(context, member, body.Current ?? "", Passwords.Check(body.Password)));
        return Results.NoContent();
    }

    private static string CheckCode(string? code) => string.IsNullOrEmpty(code)
        ? throw new ApiException(StatusCodes.Status400BadRequest, "invalid_code", "Send the link's code.", "code")
        : code;

    private sealed record ShownCode(string? Code);

    /// <param name="Password">12 to 200 characters.</param>
    private sealed record Acceptance(string? Code, string? Password);

    /// <param name="Password">12 to 200 characters.</param>
    private sealed record PasswordChange(string? Current, string? Password);

    private sealed record InviteView(string Name, string Email, DateTimeOffset ExpiresAt);
}
