using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Api.OpenApi;
using Podvirt.Configuration;
using Podvirt.ConsoleSite;

namespace Podvirt.Members.Oidc;

/// <summary>
/// <c>GET /api/session/oidc</c> sends a browser to the provider, which sends it back to <c>/api/session/oidc/callback</c>. That one
/// signs it in and sends it on to the page it came from, or back with the reason why not, in the fragment.
/// </summary>
internal sealed partial class OidcEndpoints : IDisposable
{
    public const string Path = "/api/session/oidc";

    /// <summary>Binds what comes back to the browser that began. Sent on the way back from another site, which the session's cookie is not.</summary>
    public const string Cookie = "podvirt_oidc";

    private const string PagesPath = "/inference/";
    private const int PathLengthMax = 2000;
    private const int ReasonLengthMax = 200;

    /// <summary>Each start stands in the state store for a while.</summary>
    private const int StartsMax = 30;

    private readonly AccessGate _gate;
    private readonly OidcSignIns _signIns;
    private readonly OidcMembers _members;
    private readonly ConsoleSwitch _console;
    private readonly ILogger<OidcEndpoints> _logger;
    private readonly AttemptLimiter _starts;
    private readonly OidcSettings? _settings;
    private readonly OidcProvider? _provider;

    public OidcEndpoints(
        AccessGate gate, OidcSignIns signIns, OidcMembers members, ConsoleSwitch console, PodvirtConfig config, PodvirtOptions options, TimeProvider time,
        ILogger<OidcEndpoints> logger)
    {
        (_gate, _signIns, _members, _console, _logger) = (gate, signIns, members, console, logger);
        _starts = new AttemptLimiter(time, StartsMax, TimeSpan.FromMinutes(1));
        _settings = config.Console.Oidc;
        _provider = _settings is null ? null : new OidcProvider(_settings, options.Environment, time);
    }

    public void Map(IEndpointRouteBuilder api)
    {
        _gate.Guard(api.MapGet("/session/oidc", (RequestDelegate)StartAsync), Entry.Open).Describe(
            new ApiOperation("Send a browser to the provider to sign in")
            {
                Query = [new("return", "The page to come back to, below /inference/")],
                Status = 302,
                Refusals = [404, 429],
                IsOpen = true,
            });
        _gate.Guard(api.MapGet("/session/oidc/callback", (RequestDelegate)FinishAsync), Entry.Open).Describe(
            new ApiOperation("Take a browser back from the provider; answers a cookie and the page to go to, with '#problem=…' where it failed")
            {
                Query =
                [
                    new("state", "As it was sent there"), new("code", "What the sign-in is confirmed with"), new("iss", "The provider"),
                    new("error", "Why it failed"), new("error_description", "The same in words"),
                ],
                Status = 302,
                Refusals = [404],
                IsOpen = true,
            });
    }

    public void Dispose() => _provider?.Dispose();

    /// <summary>A page of the console and nothing else: whatever a link says, a sign-in leads nowhere else.</summary>
    internal static string PageOf(string? path) =>
        path is { Length: <= PathLengthMax } && path.StartsWith(PagesPath, StringComparison.Ordinal)
        && !path.Any(c => c is '\\' or '#' or <= ' ' or > '~') && !path.Contains("//", StringComparison.Ordinal) && !path.Contains("..", StringComparison.Ordinal)
            ? path
            : ConsoleLink.HomePath;

    private async Task StartAsync(HttpContext context)
    {
        var (provider, settings) = Configured();
        if (_starts.Begin(SignInLimits.NetworkOf(context.Connection.RemoteIpAddress)) is { } wait)
        {
            throw SignInLimits.TooMany(wait);
        }
        var page = PageOf(ApiQuery.Text(context, "return"));
        var browser = context.Request.Cookies.TryGetValue(Cookie, out var known) && known.Length > 0 ? known : AdminCredential.NewSecret();
        var redirectUri = _console.OriginOf(context).GetLeftPart(UriPartial.Authority) + Path + "/callback";
        var (signIn, state) = await _signIns.BeginAsync(browser, redirectUri, page, context.RequestAborted);
        try
        {
            var address = await provider.AddressAsync(signIn, state, context.RequestAborted);
            context.Response.Cookies.Append(Cookie, browser, CookieFor(context));
            context.Response.Redirect(address);
        }
        catch (OidcProblem problem)
        {
            SendBack(context, settings, page, problem);
        }
    }

    private async Task FinishAsync(HttpContext context)
    {
        var (provider, settings) = Configured();
        var page = ConsoleLink.HomePath;
        try
        {
            var browser = context.Request.Cookies.TryGetValue(Cookie, out var known) ? known : "";
            var signIn = ApiQuery.Text(context, "state") is { } state ? await _signIns.TakeAsync(state, browser, context.RequestAborted) : null;
            if (signIn is null)
            {
                throw new OidcProblem("This sign-in was used already, has expired, or began in another browser. Start again.");
            }
            page = signIn.ReturnPath;
            if (ApiQuery.Text(context, "code") is not { } code)
            {
                throw new OidcProblem($"{settings.Name} did not sign you in: {ReasonOf(context)}");
            }
            var identity = await provider.RedeemAsync(signIn, code, ApiQuery.Text(context, "iss"), context.RequestAborted);
            SessionCookie.Give(context, await _members.SignInAsync(identity, settings, context.RequestAborted));
            context.Response.Redirect(page);
        }
        catch (OidcProblem problem)
        {
            SendBack(context, settings, page, problem);
        }
    }

    private (OidcProvider Provider, OidcSettings Settings) Configured()
    {
        _console.ThrowIfOff();
        return _provider is { } provider && _settings is { } settings
            ? (provider, settings)
            : throw new ApiException(StatusCodes.Status404NotFound, "oidc_off", "No provider is configured on this server; see console.oidc in podvirt.yaml.");
    }

    private static string ReasonOf(HttpContext context)
    {
        var reason = ApiQuery.Text(context, "error_description") ?? ApiQuery.Text(context, "error") ?? "it gave no reason.";
        return reason.Length <= ReasonLengthMax ? reason : reason[..ReasonLengthMax];
    }

    private void SendBack(HttpContext context, OidcSettings settings, string page, OidcProblem problem)
    {
        LogRefused(problem.InnerException, settings.Name, problem.Message);
        context.Response.Redirect($"{page}#problem={Uri.EscapeDataString(problem.Message)}");
    }

    private static CookieOptions CookieFor(HttpContext context) => new()
    {
        HttpOnly = true,
        // The provider's page leads back here, and such a visit carries no stricter cookie.
        SameSite = SameSiteMode.Lax,
        Secure = context.RequestServices.GetRequiredService<ConsoleSwitch>().IsSecure(context),
        Path = Path,
        MaxAge = OidcSignIns.Lifetime,
    };

    [LoggerMessage(5032, LogLevel.Warning, "Nobody was signed in by {Provider}: {Reason}")]
    private partial void LogRefused(Exception? error, string provider, string reason);
}
