using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Tests.Videos.H264;

public sealed class ParameterSetsTests
{
    [Theory]
    [InlineData(1280, 720, 16, 80, 45, 0, 0, 31)]
    [InlineData(832, 480, 24, 52, 30, 0, 0, 30)]
    [InlineData(640, 360, 24, 40, 23, 0, 4, 30)]
    [InlineData(2, 18, 1, 1, 2, 7, 7, 30)]
    [InlineData(1920, 1080, 30, 120, 68, 0, 4, 40)]
    [InlineData(3840, 2160, 60, 240, 135, 0, 0, 52)]
    public void Size_IsInMacroblocksAndWhatIsCutOff(int width, int height, int framesPerSecond, int columns, int rows, int right, int bottom, int level)
    {
        var size = new FrameSize(width, height);
        Assert.Equal(level, ParameterSets.Level(size, framesPerSecond));
        var bits = new BitReader(ParameterSets.Sequence(size, (byte)level));
        Assert.Equal([0x67, 66, 0xC0, level], new[] { bits.Bits(8), bits.Bits(8), bits.Bits(8), bits.Bits(8) });
        Assert.Equal([0, 0, 2, 1], new[] { bits.Unsigned(), bits.Unsigned(), bits.Unsigned(), bits.Unsigned() });
        Assert.Equal(0, bits.Bits(1));
        Assert.Equal((columns - 1, rows - 1), (bits.Unsigned(), bits.Unsigned()));
        Assert.Equal(0b11, bits.Bits(2));
        if (bits.Bits(1) == 1)
        {
            Assert.Equal((0, right, 0, bottom), (bits.Unsigned(), bits.Unsigned(), bits.Unsigned(), bits.Unsigned()));
        }
        else
        {
            Assert.Equal((0, 0), (right, bottom));
        }

        Assert.Equal(1, bits.Bits(1));
        // BT.709 in studio range, and nothing to wait for.
        Assert.Equal(0b001_101_0_1, bits.Bits(8));
        Assert.Equal([1, 1, 1], new[] { bits.Bits(8), bits.Bits(8), bits.Bits(8) });
        Assert.Equal(0b00000_11, bits.Bits(7));
        Assert.Equal([0, 0, 0, 0, 0, 1], Enumerable.Range(0, 6).Select(_ => bits.Unsigned()));
        Assert.False(bits.HasMore);
    }

    [Fact]
    public void Zeros_NeverLookLikeAStartCode() =>
        Assert.Equal([0, 0, 3, 0, 0, 3, 1, 5, 0, 0, 3, 3, 0, 0, 4], NalUnit.Escape([0, 0, 0, 0, 1, 5, 0, 0, 3, 0, 0, 4]));
}
