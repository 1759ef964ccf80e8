using Microsoft.AspNetCore.Http;
using Podvirt.Api;

namespace Podvirt.ConsoleSite;

/// <summary>Whether the console is there at all, and where people reach it.</summary>
internal sealed class ConsoleSwitch(string? flag, Uri? publicUrl)
{
    /// <summary>Read when the server starts. On by default; <c>false</c>, <c>0</c> or <c>off</c> switches the console off.</summary>
    public const string Variable = "REACT_APP_ENABLE_PODVIRT_INFERENCE";

    public bool IsOn { get; } = flag?.Trim().ToUpperInvariant() is not ("FALSE" or "0" or "OFF");

    public Uri? PublicUrl { get; } = publicUrl;

    /// <summary>Where the caller's browser reaches the console.</summary>
    public Uri OriginOf(HttpContext context) => PublicUrl ?? new($"{context.Request.Scheme}://{context.Request.Host.ToUriComponent()}");

    /// <summary>Whether the browser comes over TLS, which a balancer before this server may end: a cookie is for such ways alone then.</summary>
    public bool IsSecure(HttpContext context) => context.Request.IsHttps || OriginOf(context).Scheme == Uri.UriSchemeHttps;

    public void ThrowIfOff()
    {
        if (!IsOn)
        {
            throw new ApiException(StatusCodes.Status404NotFound, "console_off", "The console is switched off on this server.");
        }
    }
}

internal static class ConsoleLink
{
    public const string HomePath = "/inference/serverless";

    /// <summary>The code stands in the fragment, which no server and no log gets to see.</summary>
    public static string For(Uri origin, string code) => $"{origin.GetLeftPart(UriPartial.Authority)}{HomePath}#signin={code}";

    /// <summary>Where an invited member sets a password.</summary>
    public static string ForInvite(Uri origin, string code) => $"{origin.GetLeftPart(UriPartial.Authority)}{HomePath}#invite={code}";
}
