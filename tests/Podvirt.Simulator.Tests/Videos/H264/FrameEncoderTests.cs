using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Tests.Videos.H264;

public sealed class FrameEncoderTests
{
    // Sixteen roundings of at most a half each add up to a luma step or two; the worst case is far off.
    private const int ErrorMax = 8;
    private const double ErrorMean = 1.5;

    [Theory]
    [InlineData(16, 16)]
    [InlineData(64, 48)]
    [InlineData(18, 34)]
    public void Noise_DecodesToNearlyItself(int width, int height)
    {
        var encoder = new FrameEncoder(new FrameSize(width, height));
        var decoder = new SliceDecoder(new FrameSize(width, height));
        var random = new Random(width);
        for (var frame = 0; frame < 5; frame++)
        {
            Fill(encoder.Picture, random, 0, encoder.Picture.Height);
            decoder.Decode(NalUnit.Escape(encoder.Encode(key: frame == 0)));
            AssertNear(encoder.Picture, decoder.Picture);
        }
    }

    [Fact]
    public void PartThatChanges_IsAllThatIsCoded()
    {
        var size = new FrameSize(128, 64);
        var encoder = new FrameEncoder(size);
        var decoder = new SliceDecoder(size);
        var random = new Random(1);
        Fill(encoder.Picture, random, 0, encoder.Picture.Height);
        decoder.Decode(NalUnit.Escape(encoder.Encode(key: true)));
        Assert.Equal((true, 0, 0), (decoder.IsKey, decoder.FrameNumber, decoder.Skipped));

        // The second row of macroblocks, the last but one.
        Fill(encoder.Picture, random, 4, 8);
        decoder.Decode(NalUnit.Escape(encoder.Encode(key: false)));
        Assert.Equal((false, 1, 24), (decoder.IsKey, decoder.FrameNumber, decoder.Skipped));
        AssertNear(encoder.Picture, decoder.Picture);

        var still = NalUnit.Escape(encoder.Encode(key: false));
        Assert.InRange(still.Length, 1, 8);
        decoder.Decode(still);
        Assert.Equal((2, 32), (decoder.FrameNumber, decoder.Skipped));
        AssertNear(encoder.Picture, decoder.Picture);
    }

    [Fact]
    public void KeyPictures_StartTheCountAnewAndDifferInTheirIds()
    {
        var size = new FrameSize(16, 16);
        var encoder = new FrameEncoder(size);
        var decoder = new SliceDecoder(size);
        var seen = new List<(bool Key, int Number, int Id)>();
        for (var frame = 0; frame < 36; frame++)
        {
            decoder.Decode(NalUnit.Escape(encoder.Encode(key: frame % 18 == 0)));
            seen.Add((decoder.IsKey, decoder.FrameNumber, decoder.KeyId));
        }

        Assert.Equal([(true, 0, 0), (false, 15, 0), (false, 0, 0), (false, 1, 0), (true, 0, 1)], new[] { 0, 15, 16, 17, 18 }.Select(frame => seen[frame]));
    }

    private static void Fill(Picture picture, Random random, int from, int to)
    {
        random.NextBytes(picture.Luma.AsSpan(from * picture.Width, (to - from) * picture.Width));
        random.NextBytes(picture.Blue.AsSpan(from * picture.Width / 4, (to - from) * picture.Width / 4));
        random.NextBytes(picture.Red.AsSpan(from * picture.Width / 4, (to - from) * picture.Width / 4));
    }

    private static void AssertNear(Picture expected, Picture actual)
    {
        foreach (var (wanted, got) in new[] { (expected.Luma, actual.Luma), (expected.Blue, actual.Blue), (expected.Red, actual.Red) })
        {
            var errors = wanted.Zip(got, (a, b) => Math.Abs(a - b)).ToList();
            Assert.InRange(errors.Max(), 0, ErrorMax);
            Assert.InRange(errors.Average(), 0, ErrorMean);
        }
    }
}
