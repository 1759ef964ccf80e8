using System.Globalization;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Videos;

/// <summary>What a client asked for, checked. The fields that only a real model minds are checked and not kept.</summary>
/// <param name="Model">Null when the request names none.</param>
/// <param name="Seconds">As it was written; null when it was not.</param>
/// <param name="Size">As it was written: width, x, height.</param>
/// <param name="Frame">The size to make, from <paramref name="Size"/>, or else from the width and the height.</param>
internal sealed record VideoRequest(
    string Prompt, string? Model, string? Seconds, string? Size, FrameSize Frame, int FramesPerSecond, long Frames, long? Seed)
{
    /// <summary>What a job reports when the request does not say.</summary>
    public const string SecondsDefault = "4";

    private const int FramesPerSecondDefault = 24;
    private const int WidthDefault = 832;
    private const int HeightDefault = 480;

    /// <exception cref="RequestException">A field is missing, or has a value that it cannot have.</exception>
    public static VideoRequest From(VideoForm form)
    {
        var fields = new VideoFields(form.Fields);
        fields.Check();
        var framesPerSecond = (int)Math.Min(fields.Whole("fps") ?? FramesPerSecondDefault, int.MaxValue);
        var seconds = fields.Text("seconds");
        var frames = fields.Whole("num_frames") ?? Times(seconds ?? SecondsDefault, framesPerSecond);
        var size = fields.Text("size");
        var (width, height) = size is null
            ? (fields.Whole("width") ?? WidthDefault, fields.Whole("height") ?? HeightDefault)
            : (Number(size.Split('x')[0]), Number(size.Split('x')[1]));
        if (width < 1 || height < 1)
        {
            throw RequestException.Bad($"Invalid size '{size}': width and height must be positive.", "size");
        }

        return new VideoRequest(
            fields.Text("prompt")!, fields.Text("model"), seconds, size, new FrameSize(Even(width), Even(height)), framesPerSecond, frames, fields.Whole("seed"));
    }

    /// <param name="chance">The seed where the request has none.</param>
    public VideoSpec Spec(long chance) => new(Prompt, Seed ?? chance, Frame, FramesPerSecond, (int)Math.Min(Frames, VideoEngine.FramesTooMany));

    private static long Times(string seconds, int framesPerSecond) => (long)Math.Min((double)Number(seconds) * framesPerSecond, int.MaxValue);

    // More digits than fit are more than any engine can make.
    private static long Number(string digits) => long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;

    // 4:2:0 video has no odd sizes. Large ones only have to stay too large.
    private static int Even(long samples) => (int)Math.Min((samples + 1) & ~1L, short.MaxValue - 1);
}
