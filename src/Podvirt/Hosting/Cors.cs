using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Podvirt.Hosting;

/// <summary>
/// Lets pages of the configured origins call the API. Done at the endpoints, because a library adds no middleware to its
/// host. No cookies are involved: callers send their key.
/// </summary>
internal sealed class Cors(IReadOnlyList<string> origins)
{
    private const string Exposed = "x-request-id, x-podvirt-session-id, x-podvirt-affinity, x-podvirt-replica, x-podvirt-video-id, Server-Timing, Retry-After, "
        + "Accept-Ranges, Content-Range, ETag";

    private static readonly string[] _options = [HttpMethods.Options];

    // The API's, those beside /v1 included.
    private static readonly string[] _paths = ["/v1/{**path}", "/v2/{**path}", "/tokenize", "/detokenize", "/rerank", "/score"];

    public void Apply(RouteGroupBuilder v1)
    {
        if (origins.Count == 0)
        {
            return;
        }
        foreach (var path in _paths)
        {
            v1.MapMethods(path, _options, (RequestDelegate)AnswerPreflight);
        }
        ((IEndpointConventionBuilder)v1).Finally(builder =>
        {
            if (builder.RequestDelegate is { } inner)
            {
                builder.RequestDelegate = context =>
                {
                    AddHeaders(context);
                    return inner(context);
                };
            }
        });
    }

    private void AddHeaders(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.Vary = "Origin";
        if (Allowed(context) is { } origin)
        {
            headers.AccessControlAllowOrigin = origin;
            headers.AccessControlExposeHeaders = Exposed;
        }
    }

    private Task AnswerPreflight(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        if (Allowed(context) is not null)
        {
            var headers = context.Response.Headers;
            headers.AccessControlAllowMethods = "GET, POST, DELETE, OPTIONS";
            headers.AccessControlAllowHeaders = context.Request.Headers.AccessControlRequestHeaders;
            headers.AccessControlMaxAge = "600";
        }
        return Task.CompletedTask;
    }

    private string? Allowed(HttpContext context)
    {
        var origin = context.Request.Headers.Origin.ToString();
        return origin.Length == 0 ? null
            : origins.Contains("*", StringComparer.Ordinal) ? "*"
            : origins.Contains(origin, StringComparer.Ordinal) ? origin
            : null;
    }
}
