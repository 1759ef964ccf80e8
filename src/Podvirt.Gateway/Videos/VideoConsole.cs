using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos;

/// <summary>
/// The console's way to videos: without a key, on a project's account. Everything else is as for any client. Whoever calls here has checked
/// that the project may be seen; null stands for all of them.
/// </summary>
public sealed class VideoConsole
{
    private readonly VideoCalls _calls;
    private readonly TimeProvider _time;

    internal VideoConsole(VideoCalls calls, TimeProvider time)
    {
        _calls = calls;
        _time = time;
    }

    /// <summary>Takes a job in, and answers 201 with it, or the refusal.</summary>
    public Task CreateAsync(HttpContext context, string project) =>
        _calls.CreateAsync(context, new Caller(project, ""), RequestIds.Assign(context, _time), StatusCodes.Status201Created);

    /// <summary>Answers a page of jobs.</summary>
    public Task ListAsync(HttpContext context, string? project) => _calls.ListAsync(context, project);

    /// <summary>Answers one job.</summary>
    public Task ShowAsync(HttpContext context, string? project, string id) => _calls.ShowAsync(context, project, id);

    /// <summary>Answers a video, or a range of it.</summary>
    public Task SendAsync(HttpContext context, string? project, string id, bool isDownload) => _calls.SendAsync(context, project, id, isDownload);

    /// <summary>Deletes a job and its video; one that runs is cancelled.</summary>
    public Task DeleteAsync(HttpContext context, string? project, string id) => _calls.DeleteAsync(context, project, id);
}
