using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Api;
using Podvirt.ConsoleSite;

namespace Podvirt.Access;

/// <summary>The cookie that is a session, and what a browser has to send beside it.</summary>
internal static class SessionCookie
{
    public const string Name = "podvirt_session";

    public static string? Of(HttpContext context) => context.Request.Cookies.TryGetValue(Name, out var secret) ? secret : null;

    public static void Give(HttpContext context, string secret) => context.Response.Cookies.Append(Name, secret, For(context));

    public static void TakeAway(HttpContext context) => context.Response.Cookies.Delete(Name, For(context));

    /// <summary>A form of another site could sign a browser in as somebody else; it can send no such header.</summary>
    /// <exception cref="ApiException">A page sent this, and the header is missing.</exception>
    public static void CheckPage(HttpContext context)
    {
        if (context.Request.Headers.Origin.Count > 0 && context.Request.Headers[AccessGate.ConsoleHeader] != "1")
        {
            throw new ApiException(
                StatusCodes.Status403Forbidden, "console_header_missing", $"A page that signs in sends the header '{AccessGate.ConsoleHeader}: 1'.");
        }
    }

    /// <summary>No end of its own: the server's session ends, and the browser forgets it when it closes.</summary>
    private static CookieOptions For(HttpContext context) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.RequestServices.GetRequiredService<ConsoleSwitch>().IsSecure(context),
        Path = "/",
    };
}
