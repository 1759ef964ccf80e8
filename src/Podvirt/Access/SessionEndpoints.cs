using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Api;
using Podvirt.Api.OpenApi;
using Podvirt.Configuration;
using Podvirt.ConsoleSite;
using Podvirt.Members;
using Podvirt.Members.Oidc;
using Podvirt.Projects;

namespace Podvirt.Access;

/// <summary>Signing in to the console and out of it.</summary>
internal sealed class SessionEndpoints(
    AccessGate gate, AdminCredential credential, ConsoleSessions sessions, SignInCodes codes, SignInLimits limits, ConsoleSwitch console,
    MemberSignIn members, ProjectStore projects, PodvirtConfig config, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapPost("/session", (Delegate)SignInAsync), Entry.Open).Describe(
            new ApiOperation("Sign in with the admin token, a link's code, or e-mail address and password; answers a cookie")
            {
                Body = typeof(SignIn),
                Status = 204,
                Refusals = [400, 401, 403, 429],
                IsOpen = true,
            });
        gate.Guard(api.MapGet("/session", (Delegate)ShowAsync), Entry.Open).Describe(
            new ApiOperation("Show who is signed in") { Answer = typeof(SessionView), Refusals = [401], IsOpen = true });
        gate.Guard(api.MapGet("/session/methods", ShowMethods), Entry.Open).Describe(
            new ApiOperation("Show how one can sign in") { Answer = typeof(SignInMethods), IsOpen = true });
        gate.Guard(api.MapDelete("/session", (Delegate)SignOutAsync), Entry.Open).Describe(
            new ApiOperation("Sign out") { Status = 204, Refusals = [403], IsOpen = true });
        gate.Guard(api.MapPost("/session/codes", (Delegate)IssueCodeAsync), Entry.TokenOnly).Describe(
            new ApiOperation("Make a link that signs in to the console once") { Answer = typeof(CodeView), Status = 201 });
    }

    /// <summary><c>{"token"}</c>, <c>{"code"}</c> or <c>{"email", "password"}</c> → 204 and the cookie.</summary>
    private async Task<IResult> SignInAsync(HttpContext context)
    {
        console.ThrowIfOff();
        SessionCookie.CheckPage(context);
        var secret = await ApiJson.ReadAsync<SignIn>(context) switch
        {
            { Token: { } token, Code: null, Email: null, Password: null } => await SignInAsAdminAsync(
                context, () => Task.FromResult(credential.Matches(token)), "wrong_token", "This is not the admin token.", "token"),
            { Code: { } code, Token: null, Email: null, Password: null } => await SignInAsAdminAsync(
                context, () => codes.TakeAsync(code, context.RequestAborted), "wrong_code", "This link has been used or has expired. Make a new one with 'podvirt console'.", "code"),
            { Email: { } email, Password: { } password, Token: null, Code: null } => await members.SignInAsync(context, email, password),
            _ => throw new ApiException(StatusCodes.Status400BadRequest, "invalid_sign_in", "Send either 'token', or 'code', or 'email' and 'password'."),
        };
        SessionCookie.Give(context, secret);
        return Results.NoContent();
    }

    private async Task<string> SignInAsAdminAsync(HttpContext context, Func<Task<bool>> isRight, string code, string message, string param)
    {
        var attempt = limits.Begin(context);
        if (!await isRight())
        {
            throw new ApiException(StatusCodes.Status401Unauthorized, code, message, param);
        }
        attempt.Succeeded();
        return await sessions.IssueAsync(SignInKind.Token, member: null, context.RequestAborted);
    }

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        console.ThrowIfOff();
        if (await gate.IdentifyAsync(context) is not { } visitor)
        {
            return ApiJson.Error(StatusCodes.Status401Unauthorized, "not_signed_in", "Nobody is signed in.");
        }
        var all = await projects.ListAsync(context.RequestAborted);
        return ApiJson.Ok(new SessionView(
            visitor.IsAdmin ? "admin" : "member",
            visitor.Member is { } member ? new SessionMember(member.Id, member.Name, member.Email) : null,
            [.. all.Where(p => p.ArchivedAt is null && visitor.MaySee(p.Id)).Select(p => new SessionProject(p.Id, p.Name))],
            visitor.Session?.Session.Kind switch
            {
                SignInKind.Password => "password",
                SignInKind.Oidc => "oidc",
                _ => "token",
            }));
    }

    private IResult ShowMethods()
    {
        console.ThrowIfOff();
        return ApiJson.Ok(new SignInMethods(Token: true, Password: true, config.Console.Oidc is { } oidc ? new OidcMethod(oidc.Name, OidcEndpoints.Path) : null));
    }

    /// <summary>Needs no proof: whoever holds the cookie may give it up.</summary>
    private async Task<IResult> SignOutAsync(HttpContext context)
    {
        console.ThrowIfOff();
        if (context.Request.Headers[AccessGate.ConsoleHeader] != "1")
        {
            return ApiJson.Error(StatusCodes.Status403Forbidden, "console_header_missing", $"Send the header '{AccessGate.ConsoleHeader}: 1'.");
        }
        if (SessionCookie.Of(context) is { } secret)
        {
            await sessions.EndAsync(secret, context.RequestAborted);
        }
        SessionCookie.TakeAway(context);
        return Results.NoContent();
    }

    private async Task<IResult> IssueCodeAsync(HttpContext context)
    {
        console.ThrowIfOff();
        var code = await codes.IssueAsync(context.RequestAborted);
        return ApiJson.Ok(new CodeView(code, time.GetUtcNow() + SignInCodes.Lifetime, ConsoleLink.For(console.OriginOf(context), code)), StatusCodes.Status201Created);
    }

    /// <summary>One of <c>token</c>, <c>code</c>, or <c>email</c> and <c>password</c>.</summary>
    private sealed record SignIn(string? Token = null, string? Code = null, string? Email = null, string? Password = null);

    /// <param name="Role">admin or member.</param>
    /// <param name="Member">Null: whoever holds the admin token.</param>
    /// <param name="Projects">Those that the caller may see and that are not archived.</param>
    /// <param name="SignIn">token, password or oidc.</param>
    private sealed record SessionView(string Role, SessionMember? Member, IReadOnlyList<SessionProject> Projects, string SignIn);

    private sealed record SessionMember(string Id, string Name, string Email);

    private sealed record SessionProject(string Id, string Name);

    private sealed record CodeView(string Code, DateTimeOffset ExpiresAt, string Url);
}

/// <param name="Oidc">Null: there is no provider.</param>
internal sealed record SignInMethods(bool Token, bool Password, OidcMethod? Oidc);

/// <param name="Name">What people call the provider.</param>
/// <param name="Url">Where to send the browser.</param>
internal sealed record OidcMethod(string Name, string Url);
