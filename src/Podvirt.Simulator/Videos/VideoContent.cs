using Podvirt.Simulator.Faults;

namespace Podvirt.Simulator.Videos;

/// <summary>Sends the file of a video, or the part of it that a range asks for.</summary>
internal static class VideoContent
{
    public static async Task SendAsync(HttpContext context, byte[] file, FaultBook faults)
    {
        var response = context.Response;
        if (faults.Take(FaultNames.CutVideo) is null)
        {
            await Results.Bytes(file, VideoViews.MediaType, enableRangeProcessing: true).ExecuteAsync(context);
            return;
        }

        response.ContentType = VideoViews.MediaType;
        response.ContentLength = file.Length;
        await response.BodyWriter.WriteAsync(file.AsMemory(0, file.Length / 2), context.RequestAborted);
        context.Abort();
    }
}
