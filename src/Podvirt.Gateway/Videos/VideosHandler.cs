using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos;

/// <summary><c>/v1/videos</c>: a key sees its project's videos.</summary>
internal sealed class VideosHandler(Authenticator authenticator, VideoCalls calls, TimeProvider time)
{
    public void Map(ApiRoutes routes)
    {
        routes.Map("POST", "/v1/videos", CreateAsync);
        routes.Map("GET", "/v1/videos", ListAsync);
        routes.Map("POST", "/v1/videos/sync", CreateAndWaitAsync);
        routes.Map("GET", "/v1/videos/{id}", ShowAsync);
        routes.Map("DELETE", "/v1/videos/{id}", DeleteAsync);
        routes.Map("GET", "/v1/videos/{id}/content", SendAsync);
    }

    private async Task CreateAsync(HttpContext context)
    {
        var id = RequestIds.Assign(context, time);
        if (await AuthenticateAsync(context) is { } caller)
        {
            await calls.CreateAsync(context, caller, id, StatusCodes.Status200OK);
        }
    }

    private async Task CreateAndWaitAsync(HttpContext context)
    {
        var id = RequestIds.Assign(context, time);
        if (await AuthenticateAsync(context) is { } caller)
        {
            await calls.CreateAndWaitAsync(context, caller, id);
        }
    }

    private Task ListAsync(HttpContext context) => WithProjectAsync(context, calls.ListAsync);

    private Task ShowAsync(HttpContext context) => WithProjectAsync(context, (c, project) => calls.ShowAsync(c, project, NameOf(c)));

    private Task SendAsync(HttpContext context) => WithProjectAsync(context, (c, project) => calls.SendAsync(c, project, NameOf(c), isDownload: false));

    private Task DeleteAsync(HttpContext context) => WithProjectAsync(context, (c, project) => calls.DeleteAsync(c, project, NameOf(c)));

    private async Task WithProjectAsync(HttpContext context, Func<HttpContext, string, Task> serve)
    {
        RequestIds.Assign(context, time);
        if (await AuthenticateAsync(context) is { } caller)
        {
            await serve(context, caller.Project);
        }
    }

    private async ValueTask<Caller?> AuthenticateAsync(HttpContext context)
    {
        var (caller, refusal) = await authenticator.AuthenticateAsync(context);
        if (caller is null)
        {
            await ApiErrorWriter.WriteReplyAsync(context, refusal!);
        }
        return caller;
    }

    private static string NameOf(HttpContext context) => (string?)context.Request.RouteValues["id"] ?? "";
}
