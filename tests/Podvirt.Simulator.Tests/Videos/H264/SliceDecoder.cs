using Podvirt.Simulator.Videos.H264;

namespace Podvirt.Simulator.Tests.Videos.H264;

/// <summary>
/// A decoder of the few things that the streams here use, by the formulas of ITU-T H.264, but without the deblocking filter: what it
/// gives is the picture before that.
/// </summary>
internal sealed class SliceDecoder(FrameSize size)
{
    private const int NormOf28 = 16;
    private static readonly int[] _norm = [10, 11, 13, 14, 16, 18];
    private static readonly int[] _zigzag = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

    private readonly bool[] _intra = new bool[size.Macroblocks];
    private BitReader _bits = new([0x80]);

    public Picture Picture { get; } = new(size);

    public bool IsKey { get; private set; }

    public int FrameNumber { get; private set; }

    public int KeyId { get; private set; }

    public int Skipped { get; private set; }

    public void Decode(ReadOnlySpan<byte> unit)
    {
        IsKey = unit[0] == 0x65;
        Assert.Equal(IsKey ? 0x65 : 0x41, unit[0]);
        _bits = new BitReader(unit[1..]);
        Assert.Equal(0, _bits.Unsigned());
        Assert.Equal(IsKey ? 7 : 5, _bits.Unsigned());
        Assert.Equal(0, _bits.Unsigned());
        FrameNumber = _bits.Bits(4);
        KeyId = IsKey ? _bits.Unsigned() : KeyId;
        Assert.Equal(0, _bits.Bits(IsKey ? 2 : 3));
        Assert.Equal(0, _bits.Signed());
        Array.Clear(_intra);
        Skipped = 0;
        var at = 0;
        while (_bits.HasMore)
        {
            var skip = IsKey ? 0 : _bits.Unsigned();
            Skipped += skip;
            at += skip;
            if (_bits.HasMore)
            {
                Macroblock(at++);
            }
        }

        Assert.Equal(size.Macroblocks, at);
    }

    private void Macroblock(int at)
    {
        var type = _bits.Unsigned() - (IsKey ? 0 : 5);
        Assert.True(type is 3 or 7);
        Assert.Equal(0, _bits.Unsigned());
        Assert.Equal(0, _bits.Signed());
        _intra[at] = true;
        var (row, column) = (at / size.Columns, at % size.Columns);
        var above = row > 0 && _intra[at - size.Columns];
        var left = column > 0 && _intra[at - 1];
        Luma(LevelReader.Luma(_bits), Picture.Width, (row * 4 * Picture.Width) + (column * 4), above, left);
        var origin = (row * Picture.Width) + (column * 2);
        Chroma(Picture.Blue, type == 7 ? LevelReader.Chroma(_bits) : new int[4], origin, above, left);
        Chroma(Picture.Red, type == 7 ? LevelReader.Chroma(_bits) : new int[4], origin, above, left);
    }

    private void Luma(int[] levels, int width, int origin, bool above, bool left)
    {
        var c = new int[16];
        for (var i = 0; i < 16; i++)
        {
            c[_zigzag[i]] = levels[i];
        }

        int[][] h = [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, 1], [1, -1, 1, -1]];
        var luma = Picture.Luma;
        var samples = new List<int>();
        for (var i = 0; i < 16; i++)
        {
            if (above)
            {
                samples.Add(luma[origin - width + (i / 4)]);
            }

            if (left)
            {
                samples.Add(luma[origin + (i / 4 * width) - 1]);
            }
        }

        var prediction = samples.Count == 0 ? 128 : (samples.Sum() + (samples.Count / 2)) / samples.Count;
        for (var y = 0; y < 4; y++)
        {
            for (var x = 0; x < 4; x++)
            {
                var f = Enumerable.Range(0, 16).Sum(i => h[y][i / 4] * c[i] * h[i % 4][x]);
                // Clause 8.5.10 at quantiser 28, then 8.5.12 for a block of one direct component.
                var direct = ((f * NormOf28 * _norm[28 % 6]) + (1 << (5 - (28 / 6)))) >> (6 - (28 / 6));
                luma[origin + (y * width) + x] = (byte)Math.Clamp(prediction + ((direct + 32) >> 6), 0, 255);
            }
        }
    }

    private void Chroma(byte[] plane, int[] c, int origin, bool above, bool left)
    {
        var width = Picture.Width / 2;
        for (var i = 0; i < 4; i++)
        {
            var (x, y) = (i % 2, i / 2);
            int? top = above ? plane[origin - width + x] : null;
            int? side = left ? plane[origin + (y * width) - 1] : null;
            var prediction = (x, y) switch
            {
                (1, 0) => top ?? side ?? 128,
                (0, 1) => side ?? top ?? 128,
                _ => top is { } a && side is { } b ? ((4 * a) + (4 * b) + 4) >> 3 : top ?? side ?? 128,
            };
            var f = c[0] + (x == 0 ? c[1] : -c[1]) + (y == 0 ? c[2] : -c[2]) + (x == y ? c[3] : -c[3]);
            // Clause 8.5.11.2 at quantiser 28 - 6.
            var direct = ((f * NormOf28 * _norm[22 % 6]) << (22 / 6)) >> 5;
            plane[origin + (y * width) + x] = (byte)Math.Clamp(prediction + ((direct + 32) >> 6), 0, 255);
        }
    }
}
