using Podvirt.Simulator.Faults;

namespace Podvirt.Simulator.Videos;

/// <summary>Sends the file of a video.</summary>
internal static class VideoContent
{
    public static async Task SendAsync(HttpContext context, byte[] file, FaultBook faults)
    {
        var response = context.Response;
        response.ContentType = "video/mp4";
        response.ContentLength = file.Length;
        if (faults.Take(FaultNames.CutVideo) is null)
        {
            await response.BodyWriter.WriteAsync(file, context.RequestAborted);
            return;
        }

        await response.BodyWriter.WriteAsync(file.AsMemory(0, file.Length / 2), context.RequestAborted);
        context.Abort();
    }
}
