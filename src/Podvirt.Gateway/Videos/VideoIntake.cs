using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Models;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Videos.Forms;

namespace Podvirt.Gateway.Videos;

/// <summary>
/// Turns a request into a job.
/// <list type="number">
/// <item>Room: jobs, videos and bytes of the project and of all, before a byte is read.</item>
/// <item>Read: into the spool; the model may be named behind the file.</item>
/// <item>Check: the model, what it offers, the limits, its queue. What is wrong is said now, while there is somebody to say it to.</item>
/// <item>Keep: upload and job are durable before the client is told of them.</item>
/// </list>
/// What is refused leaves nothing behind.
/// </summary>
internal sealed partial class VideoIntake(
    VideoFormReader reader, VideoSpool spool, VideoBook book, VideoRuns runs, VideoAdmission admission, RouteDirectory routes, GatewayOptions gateway,
    TimeProvider time) : IDisposable
{
    private readonly VideoOptions _options = gateway.Videos;

    // Jobs that come at the same time are counted one after the other.
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <param name="read">Takes the request down; null: it is all in the form.</param>
    /// <param name="id">The request's, and the job's.</param>
    public async Task<(VideoRun? Run, ApiError? Error)> TakeAsync(
        HttpContext context, Caller caller, Guid id, Func<SpoolFile, Task<(VideoForm? Form, ApiError? Error)>>? read = null)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

        // 1. Room.
        if (!spool.CanBeTakenOver)
        {
            return (null, VideoErrors.NotShared);
        }
        if (FindNoRoom(caller.Project) is { } full)
        {
            return (null, full);
        }

        // 2. Read.
        await using var file = spool.Begin(caller.Project, id.ToString("n"));
        var (form, error) = await (read is null ? reader.ReadAsync(context, file) : read(file));
        if (form is null)
        {
            return (null, error);
        }

        // 3. Check.
        var (dispatcher, us, wrong) = Check(form);
        if (wrong is not null)
        {
            return (null, wrong);
        }
        var (held, limited) = admission.Admit(context.Response, caller, dispatcher!.Model.Id, us);
        if (held is null)
        {
            return (null, limited);
        }
        if (dispatcher.WhyNotPark(VideoQueue.HeldBytes) is { } queueFull)
        {
            held.Dispose();
            return (null, queueFull);
        }

        // 4. Keep.
        try
        {
            await file.KeepAsync();
            await spool.ShareAsync(id.ToString("n"));
            return await KeepAsync(JobOf(id, caller, dispatcher.Model, form, file.Bytes, us), held, file);
        }
        catch (FormRefusedException e)
        {
            held.Dispose();
            return (null, e.Error);
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<(VideoRun? Run, ApiError? Error)> KeepAsync(VideoJob job, VideoReservation held, SpoolFile file)
    {
        var isKept = false;
        await _gate.WaitAsync();
        try
        {
            if (FindNoRoom(job.Project) is { } full)
            {
                return (null, full);
            }
            await book.AddAsync(job, CancellationToken.None);
            isKept = true;
            return (runs.Begin(job, held), null);
        }
        catch (Exception e) when (e is IOException or DbException)
        {
            return (null, spool.Unwritable(e));
        }
        finally
        {
            _gate.Release();
            if (!isKept)
            {
                await spool.UnshareAsync(job.FileName);
                file.Discard();
                held.Dispose();
            }
        }
    }

    private ApiError? FindNoRoom(string project)
    {
        var ofProject = book.Of(project);
        if (ofProject.Unfinished >= _options.ProjectJobsMax)
        {
            return VideoErrors.TooManyJobs($"project '{project}'", _options.ProjectJobsMax);
        }
        if (ofProject.Jobs >= _options.ProjectVideosMax)
        {
            return VideoErrors.TooManyVideos(_options.ProjectVideosMax);
        }
        if (ofProject.Bytes >= _options.ProjectBytesMax)
        {
            return VideoErrors.ProjectFull(_options.ProjectBytesMax);
        }
        return book.Total().Unfinished >= _options.JobsMax ? VideoErrors.TooManyJobs("all projects", _options.JobsMax) : null;
    }

    private (ModelDispatcher? Dispatcher, long Us, ApiError? Error) Check(VideoForm form)
    {
        if (form["model"] is not { Length: > 0 } model)
        {
            return Wrong(VideoErrors.Invalid("model", "'model' is missing. GET /v1/models lists the models there are."));
        }
        if (!routes.TryFind(model, out var dispatcher))
        {
            return Wrong(ApiErrors.UnknownModel(model));
        }
        var spec = dispatcher.Model;
        if (spec.Type != ModelType.VideoGeneration)
        {
            return Wrong(VideoErrors.WrongType(spec));
        }
        if (form["prompt"] is not { } prompt || string.IsNullOrWhiteSpace(prompt))
        {
            return Wrong(VideoErrors.Invalid("prompt", "'prompt' is missing: say what the video shows."));
        }
        if (form.Settings.Append(new("prompt", prompt)).FirstOrDefault(f => f.Value.Length > VideoForm.PromptCharsMax) is { Key: { } tooLong, Value: var text })
        {
            return Wrong(VideoErrors.Invalid(tooLong, $"'{tooLong}' has {text.Length} characters; {VideoForm.PromptCharsMax} are as many as it may have."));
        }
        if (CheckSize(form["size"], spec.Video) is { } wrongSize)
        {
            return Wrong(wrongSize);
        }
        var (us, wrongLength) = ReadLength(form, spec.Video);
        return wrongLength is null ? (dispatcher, us, null) : Wrong(wrongLength);

        static (ModelDispatcher?, long, ApiError?) Wrong(ApiError error) => (null, 0, error);
    }

    private static ApiError? CheckSize(string? size, VideoSpec? offer)
    {
        if (size is null)
        {
            return null;
        }
        if (!Size().IsMatch(size))
        {
            return VideoErrors.Invalid("size", "'size' takes width x height in pixels, such as 1280x720.");
        }
        return offer is { Sizes.Count: > 0 } && !offer.Sizes.Contains(size, StringComparer.Ordinal)
            ? VideoErrors.Invalid("size", $"'{size}' is not offered. This model makes {string.Join(", ", offer.Sizes)}.")
            : null;
    }

    // What will be billed, as far as it can be said before.
    private (long Us, ApiError? Error) ReadLength(VideoForm form, VideoSpec? offer)
    {
        if (form["seconds"] is { } seconds)
        {
            if (!VideoTimes.TryParseSeconds(seconds, out var us) || us > VideoBilling.VideoUsMax)
            {
                return (0, VideoErrors.Invalid("seconds", $"'seconds' takes a number above 0, at most {VideoTimes.TextOf(VideoBilling.VideoUsMax)}."));
            }
            return (us, CheckLength("seconds", us, offer, exactly: true));
        }
        if (form["num_frames"] is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var frames) || frames is 0 or > 1_000_000)
            {
                return (0, VideoErrors.Invalid("num_frames", "'num_frames' takes a whole number from 1 to 1000000."));
            }
            var fps = offer?.Fps ?? 0m;
            if (form["fps"] is { } rate && !(decimal.TryParse(rate, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out fps) && fps is >= 1 and <= 1000))
            {
                return (0, VideoErrors.Invalid("fps", "'fps' takes a number from 1 to 1000."));
            }
            if (fps > 0)
            {
                var us = (long)(frames * 1_000_000m / fps);
                return (us, CheckLength("num_frames", us, offer, exactly: false));
            }
        }
        return (_options.ReservedSeconds * 1_000_000L, null);
    }

    private static ApiError? CheckLength(string param, long us, VideoSpec? offer, bool exactly)
    {
        const decimal UsPerSecond = 1_000_000m;
        if (exactly && offer is { Seconds.Count: > 0 } && !offer.Seconds.Contains(us / UsPerSecond))
        {
            var offered = string.Join(", ", offer.Seconds.Select(s => s.ToString(CultureInfo.InvariantCulture)));
            return VideoErrors.Invalid(param, $"{VideoTimes.TextOf(us)} s are not offered. This model makes {offered} s.");
        }
        return offer?.MaxSeconds is { } longest && us > longest * UsPerSecond
            ? VideoErrors.Invalid(param, string.Create(CultureInfo.InvariantCulture, $"{VideoTimes.TextOf(us)} s are too long. This model makes at most {longest} s."))
            : null;
    }

    private VideoJob JobOf(Guid id, Caller caller, ModelSpec model, VideoForm form, long bytes, long us)
    {
        var now = time.GetUtcNow();
        return new VideoJob
        {
            Id = id,
            Project = caller.Project,
            Key = caller.Key,
            Model = model.Id,
            Revision = model.Revision,
            Prompt = form["prompt"]!,
            Seconds = form["seconds"],
            Size = form["size"],
            Settings = form.Settings,
            Owner = book.Owner,
            Boundary = form.Boundary,
            SpoolBytes = bytes,
            ReservedUs = us,
            CreatedAt = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)),
        };
    }

    [GeneratedRegex("^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Size();
}
