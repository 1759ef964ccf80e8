using System.Buffers.Binary;
using Podvirt.Simulator.Tests.Videos.H264;
using Podvirt.Simulator.Tests.Videos.Mp4;
using Podvirt.Simulator.Videos;
using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Tests.Videos;

public sealed class VideoMakerTests
{
    private const string Table = "moov/trak/mdia/minf/stbl/";

    private static readonly VideoSpec _spec = new("a fox in the snow", 7, new FrameSize(90, 50), 12, 30);

    [Fact]
    public void File_DescribesItsSamplesBeforeThem()
    {
        var file = new Mp4Reader(Make(_spec));
        Assert.Equal(
            [
                "ftyp", "moov", "moov/mvhd", "moov/trak", "moov/trak/tkhd", "moov/trak/mdia", "moov/trak/mdia/mdhd", "moov/trak/mdia/hdlr",
                "moov/trak/mdia/minf", "moov/trak/mdia/minf/vmhd", "moov/trak/mdia/minf/dinf", "moov/trak/mdia/minf/dinf/dref",
                "moov/trak/mdia/minf/stbl", Table + "stsd", Table + "stts", Table + "stss", Table + "stsc", Table + "stsz", Table + "stco", "mdat",
            ],
            file.Names);
        // Two seconds and a half, by the clock of the file, of the track and of its media.
        Assert.Equal(2.5, (double)file.Number("moov/mvhd", 16) / file.Number("moov/mvhd", 12));
        Assert.Equal(file.Number("moov/mvhd", 16), file.Number("moov/trak/tkhd", 20));
        Assert.Equal(2.5, (double)file.Number("moov/trak/mdia/mdhd", 16) / file.Number("moov/trak/mdia/mdhd", 12));
        Assert.Equal((90 << 16, 50 << 16), (file.Number("moov/trak/tkhd", 76), file.Number("moov/trak/tkhd", 80)));
        Assert.Equal((1, 30), (file.Number(Table + "stts", 4), file.Number(Table + "stts", 8)));
        Assert.Equal(2.5, 30.0 * file.Number(Table + "stts", 12) / file.Number("moov/trak/mdia/mdhd", 12));
        // A key frame a second, counted from 1.
        Assert.Equal([3, 1, 13, 25], new[] { 4, 8, 12, 16 }.Select(at => file.Number(Table + "stss", at)));
        Assert.Equal([1, 1, 30, 1], new[] { 4, 8, 12, 16 }.Select(at => file.Number(Table + "stsc", at)));
    }

    [Fact]
    public void DecoderSettings_AreThoseOfTheStream()
    {
        var file = new Mp4Reader(Make(_spec));
        var description = file[Table + "stsd"];
        // After the box's own head, the entry's, and the 78 bytes of a visual entry.
        var avc = description[(8 + 8 + 78)..];
        Assert.Equal("avcC"u8, avc[4..8]);
        var sequence = ParameterSets.Sequence(_spec.Size, 30);
        byte[] expected = [1, 66, 0xC0, 30, 0xFF, 0xE1, 0, (byte)sequence.Length, .. sequence, 1, 0, (byte)ParameterSets.Picture().Length, .. ParameterSets.Picture()];
        Assert.Equal(expected, avc[8..]);
        Assert.Equal((90, 50), (BinaryPrimitives.ReadInt16BigEndian(description[40..]), BinaryPrimitives.ReadInt16BigEndian(description[42..])));
    }

    [Fact]
    public void Frames_DecodeAndMove()
    {
        var decoder = new SliceDecoder(_spec.Size);
        var pictures = new List<byte[]>();
        foreach (var sample in new Mp4Reader(Make(_spec)).Samples())
        {
            var unit = sample.Span;
            Assert.Equal(unit.Length - 4, BinaryPrimitives.ReadInt32BigEndian(unit));
            decoder.Decode(unit[4..]);
            Assert.Equal(pictures.Count % 12 == 0, decoder.IsKey);
            pictures.Add([.. decoder.Picture.Luma]);
        }

        Assert.Equal(30, pictures.Count);
        Assert.All(pictures.Zip(pictures.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
        // Nor is any of them one flat colour.
        Assert.All(pictures, picture => Assert.InRange(picture.Max() - picture.Min(), 40, 255));
    }

    [Fact]
    public void PromptAndSeed_DecideTheBytes()
    {
        var file = Make(_spec);
        Assert.Equal(file, Make(_spec));
        Assert.NotEqual(file, Make(_spec with { Seed = 8 }));
        Assert.NotEqual(file, Make(_spec with { Prompt = "a fox in the rain" }));
    }

    [Theory]
    [InlineData(2, 2, 1, 1)]
    [InlineData(16, 1_024, 24, 3)]
    [InlineData(1_024, 16, 5, 3)]
    public void OddShapes_AreMadeTheSame(int width, int height, int framesPerSecond, int frames)
    {
        var size = new FrameSize(width, height);
        var decoder = new SliceDecoder(size);
        var samples = new Mp4Reader(Make(new VideoSpec("x", 1, size, framesPerSecond, frames))).Samples();
        Assert.Equal(frames, samples.Count);
        samples.ForEach(sample => decoder.Decode(sample.Span[4..]));
    }

    [Fact]
    public void FourSecondsOf720p_AreWellUnderAMegabyte() =>
        Assert.InRange(Make(new VideoSpec("a city at night", 3, new FrameSize(1_280, 720), 16, 64)).Length, 50_000, 800_000);

    [Fact]
    public void GivenUp_StopsAtOnce()
    {
        using var left = new CancellationTokenSource();
        left.Cancel();
        Assert.Throws<OperationCanceledException>(() => VideoMaker.Make(_spec, left.Token));
    }

    private static byte[] Make(VideoSpec spec) => VideoMaker.Make(spec, CancellationToken.None);
}
