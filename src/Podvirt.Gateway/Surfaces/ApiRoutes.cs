using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// Maps the API's paths, and refuses the rest in its shape: a wrong method with the right ones, an unknown path with the known ones. Neither
/// ever reaches an engine: only what is mapped here does, and it goes to the path that stands here.
/// </summary>
internal sealed class ApiRoutes(IEndpointRouteBuilder endpoints, TimeProvider time)
{
    // Where clients look for what engines have.
    private static readonly string[] s_roots = ["/v1", "/v2"];

    private readonly List<(string Path, string Method)> _known = [];

    public void Map(string method, string path, RequestDelegate handle)
    {
        _known.Add((path, method));
        endpoints.MapMethods(path, [method], handle);
    }

    /// <summary>Once everything is mapped.</summary>
    /// <param name="everywhere">Whatever nobody else has mapped is refused as well; else only what looks like the API's.</param>
    public void RefuseTheRest(bool everywhere)
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
        foreach (var root in s_roots)
        {
            endpoints.Map(root + "/{**path}", RefuseUnknownAsync).WithOrder(int.MaxValue - 1);
        }
        if (everywhere)
        {
            endpoints.Map("/{**path}", RefuseUnknownAsync).WithOrder(int.MaxValue);
        }

        Task RefuseUnknownAsync(HttpContext context) => RefuseAsync(context, ApiErrors.UnknownPath(context.Request.Method, context.Request.Path, known));
    }

    private Task RefuseAsync(HttpContext context, ApiError error)
    {
        RequestIds.Assign(context, time);
        return ApiErrorWriter.WriteReplyAsync(context, error);
    }
}
