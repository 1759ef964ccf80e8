using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Videos.Files;

namespace Podvirt.Gateway.Videos;

/// <summary>Sends a finished video, or the range of it that is asked for (RFC 9110, 14), as it comes from the file store.</summary>
internal sealed partial class VideoContent(IVideoFiles files, GatewayOptions options, TimeProvider time, ILogger<VideoContent> logger)
{
    private const int ChunkBytes = 64 * 1024;

    /// <param name="isDownload">Browsers are told to save it.</param>
    public async Task SendAsync(HttpContext context, VideoJob job, bool isDownload)
    {
        if (CheckThere(context, job) is { } refusal)
        {
            await ApiErrorWriter.WriteReplyAsync(context, refusal);
            return;
        }
        var response = context.Response;
        var length = job.End!.FileBytes;
        var tag = new EntityTagHeaderValue($"\"{job.FileName}\"");
        var range = RangeOf(context.Request, tag, job.End.At, length);
        response.Headers.AcceptRanges = "bytes";
        response.Headers.ETag = tag.ToString();
        response.Headers.LastModified = HeaderUtilities.FormatDate(job.End.At);
        if (range is { Length: 0 })
        {
            response.Headers.ContentRange = $"bytes */{length}";
            await ApiErrorWriter.WriteReplyAsync(context, VideoErrors.NotInRange(length));
            return;
        }
        var (start, count) = range ?? (0, length);
        Stream? file;
        try
        {
            file = await files.OpenAsync(job.FileName, start, count, context.RequestAborted);
        }
        catch (VideoFilesException e)
        {
            LogUnreadable(e, job.Id);
            await ApiErrorWriter.WriteReplyAsync(context, VideoErrors.StoreUnavailable);
            return;
        }
        if (file is null)
        {
            LogGone(job.Id);
            await ApiErrorWriter.WriteReplyAsync(context, VideoErrors.FileGone(job));
            return;
        }
        await using (file)
        {
            if (range is not null)
            {
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = $"bytes {start}-{start + count - 1}/{length}";
            }
            response.ContentType = "video/mp4";
            response.ContentLength = count;
            if (isDownload)
            {
                response.Headers.ContentDisposition = $"attachment; filename=\"{job.Name}.mp4\"";
            }
            await CopyAsync(context, file, count);
        }
    }

    private static ApiError? CheckThere(HttpContext context, VideoJob job)
    {
        if (context.Request.Query.TryGetValue("variant", out var variant) && variant != "video")
        {
            return VideoErrors.OnlyVideo;
        }
        return job.Stage switch
        {
            VideoStage.Completed => null,
            VideoStage.Failed => VideoErrors.HasFailed(job),
            _ => VideoErrors.NotReady(job),
        };
    }

    /// <summary>What is asked for; null: all of it. A length of 0: nothing of it is there. Of several ranges all of it is sent, as servers may.</summary>
    private static (long Start, long Length)? RangeOf(HttpRequest request, EntityTagHeaderValue tag, DateTimeOffset modified, long length)
    {
        if (!RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out var range) || range is not { Ranges.Count: 1 } || range.Unit != "bytes")
        {
            return null;
        }
        if (RangeConditionHeaderValue.TryParse(request.Headers.IfRange.ToString(), out var condition)
            && (condition.EntityTag is { } expected ? !tag.Compare(expected, useStrongComparison: true) : modified > condition.LastModified!.Value.AddSeconds(1)))
        {
            return null;
        }
        var asked = range.Ranges.First();
        if (asked.From is not { } from)
        {
            var last = Math.Min(asked.To!.Value, length);
            return (length - last, last);
        }
        return from >= length ? (0, 0) : (from, Math.Min(asked.To ?? (length - 1), length - 1) - from + 1);
    }

    // A client that gets less than was announced knows that it is not whole.
    private async Task CopyAsync(HttpContext context, Stream file, long count)
    {
        using var reply = new PacedReply(context, options, time);
        var left = count;
        while (left > 0)
        {
            int read;
            try
            {
                read = await file.ReadAsync(reply.Writer.GetMemory(ChunkBytes)[..ChunkBytes], context.RequestAborted);
            }
            catch (IOException e)
            {
                LogBroken(e, context.Request.Path);
                read = 0;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            if (read == 0)
            {
                context.Abort();
                return;
            }
            reply.Writer.Advance(read);
            left -= read;
            if (!await reply.FlushAsync(read))
            {
                return;
            }
        }
    }

    [LoggerMessage(1618, LogLevel.Error, "The video of job {JobId} cannot be read from the file store.")]
    private partial void LogUnreadable(Exception exception, Guid jobId);

    [LoggerMessage(1619, LogLevel.Error, "The video of job {JobId} is not in the file store any more.")]
    private partial void LogGone(Guid jobId);

    [LoggerMessage(1620, LogLevel.Warning, "{Path} broke off: the file store did.")]
    private partial void LogBroken(Exception exception, string path);
}
