using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api;
using Podvirt.Api.OpenApi;
using Podvirt.Chats;
using Podvirt.Gateway.Videos;

namespace Podvirt.Videos;

/// <summary><c>/api/videos</c>: the videos of a visitor's projects. Another's is as if it were not there.</summary>
internal sealed class VideoEndpoints(AccessGate gate, VideoConsole videos, ChatChecks checks)
{
    private static readonly ApiParam s_project = new("project", "The project; may be left out where there is one choice, and by admins, who then see all");

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/videos", (RequestDelegate)ListAsync), Entry.Console).Describe(
            new ApiOperation("List videos and the jobs that make them, the latest first")
            {
                Query =
                [
                    s_project, new("model", "Those of this model"), new("after", "The last id of the page before"),
                    new("limit", "How many at most, 1 to 100; default 20", "integer"), new("order", "asc or desc; default desc"),
                ],
                Answer = typeof(VideoListView),
                Refusals = [400, 404],
            });
        gate.Guard(api.MapPost("/videos", (RequestDelegate)CreateAsync), Entry.Console).Describe(
            new ApiOperation("Have a video made; JSON where there is no file") { Query = [s_project], BodyContentType = "multipart/form-data", Answer = typeof(VideoView), Status = 201, Refusals = [400, 403, 404, 408, 409, 413, 429, 503] });
        gate.Guard(api.MapGet("/videos/{id}", (RequestDelegate)ShowAsync), Entry.Console).Describe(
            new ApiOperation("Show a video and how far it is") { Query = [s_project], Answer = typeof(VideoView), Refusals = [404] });
        gate.Guard(api.MapGet("/videos/{id}/content", (RequestDelegate)SendAsync), Entry.Console).Describe(
            new ApiOperation("Download a video, or a range of it")
            {
                Query = [s_project, new("download", "1: browsers are told to save it", "integer")],
                ContentType = "video/mp4",
                Refusals = [404, 416, 422, 503],
            });
        gate.Guard(api.MapDelete("/videos/{id}", (RequestDelegate)DeleteAsync), Entry.Console).Describe(
            new ApiOperation("Delete a video; one that is being made is cancelled") { Query = [s_project], Answer = typeof(VideoDeletedView), Refusals = [404] });
    }

    private Task ListAsync(HttpContext context) => videos.ListAsync(context, Visitor.ProjectOf(context));

    private async Task CreateAsync(HttpContext context) =>
        await videos.CreateAsync(context, await checks.ProjectAsync(Visitor.Of(context), ApiQuery.Text(context, "project"), context.RequestAborted));

    private Task ShowAsync(HttpContext context) => videos.ShowAsync(context, Visitor.ProjectOf(context), RouteId.Of(context));

    private Task SendAsync(HttpContext context) =>
        videos.SendAsync(context, Visitor.ProjectOf(context), RouteId.Of(context), isDownload: ApiQuery.Text(context, "download") == "1");

    private Task DeleteAsync(HttpContext context) => videos.DeleteAsync(context, Visitor.ProjectOf(context), RouteId.Of(context));
}
