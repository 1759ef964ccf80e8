using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Videos;

/// <summary>The picture or film that a request starts from. It is looked at, and does not show in the video.</summary>
internal static class VideoReference
{
    /// <exception cref="RequestException">There are several, or it is none that the engine can read.</exception>
    public static void Check(VideoForm form)
    {
        var fields = new VideoFields(form.Fields);
        var image = fields.Object("image_reference");
        var video = fields.Object("video_reference");
        if ((form.Reference is null ? 0 : 1) + (image is null ? 0 : 1) + (video is null ? 0 : 1) > 1)
        {
            throw RequestException.Http(
                StatusCodes.Status400BadRequest, "Provide only one of input_reference, image_reference, or video_reference.");
        }

        foreach (var (name, reference) in new[] { ("image_reference", image), ("video_reference", video) })
        {
            if (reference is { } given && given.TryGetProperty("file_id", out _))
            {
                throw RequestException.Http(StatusCodes.Status400BadRequest, $"Invalid {name}: file_id is not supported yet.");
            }
        }

        if (form.Reference is { } head && !IsMedia(head))
        {
            throw RequestException.Http(
                StatusCodes.Status400BadRequest, "Invalid input_reference: provided content is not a valid image or video.");
        }
    }

    private static bool IsMedia(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];
        ReadOnlySpan<byte> jpeg = [0xFF, 0xD8, 0xFF];
        ReadOnlySpan<byte> matroska = [0x1A, 0x45, 0xDF, 0xA3];
        return head.StartsWith(png) || head.StartsWith(jpeg) || head.StartsWith(matroska) || head.StartsWith("GIF8"u8) || head.StartsWith("BM"u8)
            || (head.StartsWith("RIFF"u8) && head.Length >= 12) || (head.Length >= 8 && head[4..].StartsWith("ftyp"u8));
    }
}
