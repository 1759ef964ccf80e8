using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Api;
using Podvirt.Api.OpenApi;
using Podvirt.ConsoleSite;
using Podvirt.Projects;

namespace Podvirt.Access;

/// <summary>Signing in to the console and out of it.</summary>
internal sealed class SessionEndpoints(
    AccessGate gate, AdminCredential credential, ConsoleSessions sessions, SignInCodes codes, AttemptLimiter limiter, ConsoleSwitch console,
    ProjectStore projects, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapPost("/session", (Delegate)SignInAsync), Entry.Open).Describe(
            new ApiOperation("Sign in with the admin token or a link's code; answers a cookie")
            {
                Body = typeof(SignIn),
                Status = 204,
                Refusals = [400, 401, 429],
                IsOpen = true,
            });
        gate.Guard(api.MapGet("/session", (Delegate)ShowAsync), Entry.Open).Describe(
            new ApiOperation("Show who is signed in") { Answer = typeof(SessionView), Refusals = [401], IsOpen = true });
        gate.Guard(api.MapDelete("/session", SignOut), Entry.Open).Describe(
            new ApiOperation("Sign out") { Status = 204, Refusals = [403], IsOpen = true });
        gate.Guard(api.MapPost("/session/codes", IssueCode), Entry.TokenOnly).Describe(
            new ApiOperation("Make a link that signs in to the console once") { Answer = typeof(CodeView), Status = 201 });
    }

    /// <summary><c>{"token"}</c> or <c>{"code"}</c> → 204 and the cookie.</summary>
    private async Task<IResult> SignInAsync(HttpContext context)
    {
        console.ThrowIfOff();
        var address = context.Connection.RemoteIpAddress;
        if (limiter.WaitFor(address) is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return ApiJson.Error(StatusCodes.Status429TooManyRequests, "too_many_attempts", "Too many failed sign-ins. Wait a moment and try again.");
        }
        var request = await ApiJson.ReadAsync<SignIn>(context);
        if (request.Token is null == request.Code is null)
        {
            return ApiJson.Error(StatusCodes.Status400BadRequest, "invalid_sign_in", "Send either 'token' or 'code'.");
        }
        if (!(request.Token is { } token ? credential.Matches(token) : codes.Take(request.Code!)))
        {
            limiter.Failed(address);
            return request.Token is not null
                ? ApiJson.Error(StatusCodes.Status401Unauthorized, "wrong_token", "This is not the admin token.", "token")
                : ApiJson.Error(StatusCodes.Status401Unauthorized, "wrong_code", "This link has been used or has expired. Make a new one with 'podvirt console'.", "code");
        }
        context.Response.Cookies.Append(AccessGate.Cookie, sessions.Issue(), CookieFor(context));
        return Results.NoContent();
    }

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        console.ThrowIfOff();
        if (gate.Identify(context) is not { } visitor)
        {
            return ApiJson.Error(StatusCodes.Status401Unauthorized, "not_signed_in", "Nobody is signed in.");
        }
        var all = await projects.ListAsync(context.RequestAborted);
        return ApiJson.Ok(new SessionView(
            visitor.IsAdmin ? "admin" : "member",
            [.. all.Where(p => p.ArchivedAt is null && visitor.MaySee(p.Id)).Select(p => new SessionProject(p.Id, p.Name))]));
    }

    /// <summary>Needs no proof: whoever holds the cookie may give it up.</summary>
    private IResult SignOut(HttpContext context)
    {
        console.ThrowIfOff();
        if (context.Request.Headers[AccessGate.ConsoleHeader] != "1")
        {
            return ApiJson.Error(StatusCodes.Status403Forbidden, "console_header_missing", $"Send the header '{AccessGate.ConsoleHeader}: 1'.");
        }
        if (context.Request.Cookies.TryGetValue(AccessGate.Cookie, out var session))
        {
            sessions.Take(session);
        }
        context.Response.Cookies.Delete(AccessGate.Cookie, CookieFor(context));
        return Results.NoContent();
    }

    private IResult IssueCode(HttpContext context)
    {
        console.ThrowIfOff();
        var code = codes.Issue();
        return ApiJson.Ok(new CodeView(code, time.GetUtcNow() + codes.Lifetime, ConsoleLink.For(console.PublicUrl ?? OriginOf(context.Request), code)), StatusCodes.Status201Created);
    }

    private static Uri OriginOf(HttpRequest request) => new($"{request.Scheme}://{request.Host.ToUriComponent()}");

    /// <summary>No end of its own: the server's session ends, and the browser forgets it when it closes.</summary>
    private static CookieOptions CookieFor(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = "/",
    };

    private sealed record SignIn(string? Token, string? Code);

    /// <param name="Role">admin or member.</param>
    /// <param name="Projects">Those that the caller may see and that are not archived.</param>
    private sealed record SessionView(string Role, IReadOnlyList<SessionProject> Projects);

    private sealed record SessionProject(string Id, string Name);

    private sealed record CodeView(string Code, DateTimeOffset ExpiresAt, string Url);
}
