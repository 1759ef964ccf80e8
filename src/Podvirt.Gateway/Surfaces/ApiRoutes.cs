using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// Maps the API's paths, and refuses the rest of <c>/v1</c> in its shape: a wrong method with the right ones, an unknown path with
/// the known ones. Neither ever reaches an engine.
/// </summary>
internal sealed class ApiRoutes(IEndpointRouteBuilder endpoints, TimeProvider time)
{
    private readonly List<(string Path, string Method)> _known = [];

    public void Map(string method, string path, RequestDelegate handle)
    {
        _known.Add((path, method));
        endpoints.MapMethods(path, [method], handle);
    }

    /// <summary>Once everything is mapped.</summary>
    public void RefuseTheRest()
    {
        foreach (var methods in _known.GroupBy(k => k.Path, k => k.Method, StringComparer.Ordinal))
        {
            var allowed = string.Join(", ", methods);

            // Without this a wrong method would be answered by the host, in no shape at all.
            endpoints.Map(methods.Key, context =>
            {
                context.Response.Headers.Allow = allowed;
                return RefuseAsync(context, ApiErrors.WrongMethod(context.Request.Method, context.Request.Path, allowed));
            }).WithOrder(1);
        }

        var known = string.Join(", ", _known.Select(k => $"{k.Method} {k.Path.Replace("**", "", StringComparison.Ordinal)}"));
        endpoints.Map("/v1/{**path}", context => RefuseAsync(context, ApiErrors.UnknownPath(context.Request.Method, context.Request.Path, known)))
            .WithOrder(int.MaxValue - 1);
    }

    private Task RefuseAsync(HttpContext context, ApiError error)
    {
        RequestIds.Assign(context, time);
        return ApiErrorWriter.WriteReplyAsync(context, error);
    }
}
