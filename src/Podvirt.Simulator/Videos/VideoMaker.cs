using System.Buffers;
using Podvirt.Simulator.Videos.H264;
using Podvirt.Simulator.Videos.Mp4;
using Podvirt.Simulator.Videos.Scenes;

namespace Podvirt.Simulator.Videos;

/// <summary>Makes the file of a video: a scene that the prompt and the seed decide, drawn frame by frame and encoded.</summary>
internal static class VideoMaker
{
    /// <summary>A player can seek to the second.</summary>
    private const int KeyFrameSeconds = 1;

    /// <returns>An mp4 file.</returns>
    /// <exception cref="OperationCanceledException">Given up.</exception>
    public static byte[] Make(VideoSpec spec, CancellationToken token)
    {
        var scene = new Scene(spec);
        var encoder = new FrameEncoder(spec.Size);
        var samples = new ArrayBufferWriter<byte>();
        var sizes = new List<int>(spec.Frames);
        var keys = new List<int>();
        for (var frame = 0; frame < spec.Frames; frame++)
        {
            token.ThrowIfCancellationRequested();
            scene.Draw(encoder.Picture, frame);
            var key = frame % (spec.FramesPerSecond * KeyFrameSeconds) == 0;
            if (key)
            {
                keys.Add(frame);
            }

            sizes.Add(NalUnit.Append(samples, encoder.Encode(key)));
        }

        var level = ParameterSets.Level(spec.Size, spec.FramesPerSecond);
        var track = new VideoTrack(
            spec.Size, spec.FramesPerSecond, level, ParameterSets.Sequence(spec.Size, level), ParameterSets.Picture(), sizes, keys);
        return Mp4File.Write(track, samples.WrittenSpan);
    }
}
