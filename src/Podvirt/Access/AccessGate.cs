using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Podvirt.Api;
using Podvirt.ConsoleSite;

namespace Podvirt.Access;

/// <summary>What stands before an endpoint.</summary>
internal enum Entry
{
    /// <summary>Anybody; the endpoint asks for itself.</summary>
    Open,

    /// <summary>The token, or a console session of an admin.</summary>
    Admin,

    /// <summary>Whoever is signed in, and the token; the endpoint shows only what <see cref="Visitor.MaySee"/> allows.</summary>
    Member,

    /// <summary>As <see cref="Member"/>, and only while the console is switched on.</summary>
    Console,

    /// <summary>As <see cref="Admin"/>, and only while the console is switched on.</summary>
    ConsoleAdmin,

    /// <summary>The token only.</summary>
    TokenOnly,

    /// <summary>As <see cref="Admin"/>, or a direct caller on the same machine.</summary>
    LocalOrAdmin,
}

/// <summary>What stands before an endpoint. Metadata of it.</summary>
internal sealed record GuardedBy(Entry Entry);

/// <summary>Stands before the endpoints of <c>/api</c> and turns refusals and failures into the one shape of errors.</summary>
internal sealed partial class AccessGate(AdminCredential credential, ConsoleSessions sessions, ConsoleSwitch console, ILogger<AccessGate> logger)
{
    /// <summary>A page of another site can make a browser send the cookie, but not this header.</summary>
    public const string ConsoleHeader = "X-Podvirt-Console";

    private const string Bearer = "Bearer ";

    /// <summary>Null: nobody who is known. A wrong token is no proof, whatever the cookie says.</summary>
    public async Task<Visitor?> IdentifyAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization is [{ Length: > 0 } header, ..])
        {
            return header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) && credential.Matches(header[Bearer.Length..].Trim())
                ? new Visitor(Proof.Token, Visitor.AdminId, IsAdmin: true, Projects: null)
                : null;
        }
        return console.IsOn && SessionCookie.Of(context) is { } secret && await sessions.FindAsync(secret, context.RequestAborted) is { } session
            ? Visitor.Of(session)
            : null;
    }

    /// <summary>Puts the gate before every endpoint of the group, after all else that is said about it.</summary>
    public TBuilder Guard<TBuilder>(TBuilder endpoints, Entry entry)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoints.Finally(builder =>
        {
            builder.Metadata.Add(new GuardedBy(entry));
            if (builder.RequestDelegate is { } inner)
            {
                builder.RequestDelegate = context => RunAsync(context, entry, inner);
            }
        });
        return endpoints;
    }

    private async Task RunAsync(HttpContext context, Entry entry, RequestDelegate inner)
    {
        // Where requests are taken on IO threads: answers that read files or write long texts must not hold up streams.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            if (await AdmitAsync(context, entry))
            {
                context.Response.Headers.CacheControl = "no-store";
                context.Response.Headers.XContentTypeOptions = "nosniff";
                await inner(context);
            }
        }
        catch (ApiException refusal) when (!context.Response.HasStarted)
        {
            if (refusal.RetryAfter is { } wait)
            {
                context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            }
            await ApiJson.Error(refusal.Status, refusal.Code, refusal.Message, refusal.Param).ExecuteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller left: there is nobody to tell. The status is for the host's log.
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }
        }
        catch (Exception error) when (error is not BadHttpRequestException && !context.Response.HasStarted)
        {
            LogFailed(error, context.Request.Method, context.Request.Path);
            await ApiJson.WriteErrorAsync(context, StatusCodes.Status500InternalServerError, "internal_error", "The server failed; its log says why.");
        }
    }

    private async Task<bool> AdmitAsync(HttpContext context, Entry entry)
    {
        if (entry == Entry.Open || (entry == Entry.LocalOrAdmin && IsLocal(context)))
        {
            return true;
        }
        if (entry is Entry.Console or Entry.ConsoleAdmin)
        {
            console.ThrowIfOff();
        }
        var visitor = await IdentifyAsync(context);
        if (visitor is null || (entry == Entry.TokenOnly && visitor is { IsAdmin: true, Proof: not Proof.Token }))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await ApiJson.WriteErrorAsync(
                context, StatusCodes.Status401Unauthorized, "admin_required",
                "Send the admin token as 'Authorization: Bearer …', or sign in to the console.");
            return false;
        }
        if (!visitor.IsAdmin && entry is not (Entry.Member or Entry.Console))
        {
            await ApiJson.WriteErrorAsync(context, StatusCodes.Status403Forbidden, "admin_only", "This is for admins of this Podvirt.");
            return false;
        }
        if (visitor.Proof == Proof.Session && !IsRead(context.Request.Method) && context.Request.Headers[ConsoleHeader] != "1")
        {
            await ApiJson.WriteErrorAsync(
                context, StatusCodes.Status403Forbidden, "console_header_missing",
                $"A call that changes something with the console's cookie needs the header '{ConsoleHeader}: 1'.");
            return false;
        }
        context.Features.Set(visitor);
        return true;
    }

    /// <summary>What a proxy on this machine passes on is not local; proxies say so in a header.</summary>
    private static bool IsLocal(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    [LoggerMessage(5001, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFailed(Exception error, string method, PathString path);
}
