using System.Buffers.Binary;
using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Videos.Mp4;

/// <summary>The samples of a track: a sample is one frame.</summary>
/// <param name="Size">Of a frame.</param>
/// <param name="FramesPerSecond">Each frame is shown equally long.</param>
/// <param name="Level">Of the H.264 stream, ten times.</param>
/// <param name="SampleBytes">The length of each sample.</param>
/// <param name="KeyFrames">The indices of those that depend on no other, from 0.</param>
internal sealed record VideoTrack(
    FrameSize Size, int FramesPerSecond, byte Level, byte[] SequenceParameters, byte[] PictureParameters, IReadOnlyList<int> SampleBytes,
    IReadOnlyList<int> KeyFrames);

/// <summary>
/// An mp4 file (ISO/IEC 14496-12 and -15) with one H.264 track. The description comes before the samples, so that a player can
/// start while the rest is still on its way.
/// </summary>
internal static class Mp4File
{
    // Units of the clock in a frame.
    private const int FrameTicks = 1_000;
    private const int FixedOne = 0x1_0000;
    private const int DataHeader = 8;

    // Unity: fixed point with 16 bits after the point, and 30 in the last column.
    private static readonly int[] _matrix = [FixedOne, 0, 0, 0, FixedOne, 0, 0, 0, 0x4000_0000];

    public static byte[] Write(VideoTrack track, ReadOnlySpan<byte> samples)
    {
        // The place of the samples is as many digits wherever it is.
        var length = Head(track, 0).Written.Length + DataHeader;
        var head = Head(track, length).Written;
        var file = new byte[length + samples.Length];
        head.CopyTo(file);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(head.Length), DataHeader + samples.Length);
        "mdat"u8.CopyTo(file.AsSpan(head.Length + 4));
        samples.CopyTo(file.AsSpan(length));
        return file;
    }

    private static BoxWriter Head(VideoTrack track, int samplesAt)
    {
        var scale = track.FramesPerSecond * FrameTicks;
        var duration = track.SampleBytes.Count * FrameTicks;
        var box = new BoxWriter();
        box.Open("ftyp").Text("isom").Number(512).Text("isomiso2avc1mp41").Close();
        box.Open("moov");
        box.Open("mvhd", 0).Number(0, 0, scale, duration, FixedOne).Short(0x100).Zeros(10).Number(_matrix).Zeros(24).Number(2).Close();
        box.Open("trak");
        // Flags: enabled, in the movie, in its preview.
        box.Open("tkhd", 7).Number(0, 0, 1, 0, duration).Zeros(16).Number(_matrix)
            .Number(track.Size.Width * FixedOne, track.Size.Height * FixedOne).Close();
        box.Open("mdia");
        box.Open("mdhd", 0).Number(0, 0, scale, duration).Short(Language("und"), 0).Close();
        box.Open("hdlr", 0).Number(0).Text("vide").Zeros(12).Text("VideoHandler").Zeros(1).Close();
        box.Open("minf");
        box.Open("vmhd", 1).Zeros(8).Close();
        // The one source of data is this file.
        box.Open("dinf").Open("dref", 0).Number(1).Open("url ", 1).Close().Close().Close();
        WriteSampleTable(box, track, samplesAt);
        box.Close().Close().Close().Close();
        return box;
    }

    private static void WriteSampleTable(BoxWriter box, VideoTrack track, int samplesAt)
    {
        var count = track.SampleBytes.Count;
        box.Open("stbl");
        box.Open("stsd", 0).Number(1);
        box.Open("avc1").Zeros(6).Short(1).Zeros(16).Short(track.Size.Width, track.Size.Height);
        // 72 dots an inch, one frame a sample, no name, 24 bits deep, no colour table.
        box.Number(72 * FixedOne, 72 * FixedOne, 0).Short(1).Zeros(32).Short(24, -1);
        WriteDecoder(box, track);
        box.Close().Close();
        box.Open("stts", 0).Number(1, count, FrameTicks).Close();
        box.Open("stss", 0).Number(track.KeyFrames.Count);
        foreach (var frame in track.KeyFrames)
        {
            box.Number(frame + 1);
        }

        box.Close();
        // All samples are in one chunk.
        box.Open("stsc", 0).Number(1, 1, count, 1).Close();
        box.Open("stsz", 0).Number(0, count);
        foreach (var bytes in track.SampleBytes)
        {
            box.Number(bytes);
        }

        box.Close();
        box.Open("stco", 0).Number(1, samplesAt).Close();
        box.Close();
    }

    private static void WriteDecoder(BoxWriter box, VideoTrack track)
    {
        // The upper bits beside the two counts are ones, by the format's rule.
        box.Open("avcC").Bytes(1, ParameterSets.ProfileBaseline, ParameterSets.Constraints, track.Level, 0xFC | (NalUnit.LengthBytes - 1));
        box.Bytes(0xE0 | 1).Short(track.SequenceParameters.Length).Bytes(track.SequenceParameters);
        box.Bytes(1).Short(track.PictureParameters.Length).Bytes(track.PictureParameters).Close();
    }

    /// <summary>Three letters of five bits each.</summary>
    private static int Language(string code) => ((code[0] - 0x60) << 10) | ((code[1] - 0x60) << 5) | (code[2] - 0x60);
}
