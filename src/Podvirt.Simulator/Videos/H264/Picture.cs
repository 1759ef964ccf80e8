namespace Podvirt.Simulator.Videos.H264;

/// <summary>
/// A frame in cells of one colour: 4 by 4 samples of luma, and as many of each chroma, which cover 8 by 8 of luma. A macroblock is
/// 4 by 4 cells of luma and 2 by 2 of each chroma.
/// </summary>
internal sealed class Picture(FrameSize size)
{
    /// <summary>The side of a cell, in samples.</summary>
    public const int Cell = 4;

    public FrameSize Size => size;

    /// <summary>Cells in a row of luma.</summary>
    public int Width { get; } = size.Columns * 4;

    public int Height { get; } = size.Rows * 4;

    public byte[] Luma { get; } = new byte[size.Macroblocks * 16];

    /// <summary>Half as many cells in a row as luma has.</summary>
    public byte[] Blue { get; } = new byte[size.Macroblocks * 4];

    public byte[] Red { get; } = new byte[size.Macroblocks * 4];

    public void CopyFrom(Picture other)
    {
        other.Luma.CopyTo(Luma, 0);
        other.Blue.CopyTo(Blue, 0);
        other.Red.CopyTo(Red, 0);
    }

    /// <summary>Whether a macroblock shows the same here and there.</summary>
    public bool SameAt(Picture other, int column, int row)
    {
        for (var y = 0; y < 4; y++)
        {
            var at = (((row * 4) + y) * Width) + (column * 4);
            if (!Luma.AsSpan(at, 4).SequenceEqual(other.Luma.AsSpan(at, 4)))
            {
                return false;
            }
        }

        for (var y = 0; y < 2; y++)
        {
            var at = (((row * 2) + y) * (Width / 2)) + (column * 2);
            if (!Blue.AsSpan(at, 2).SequenceEqual(other.Blue.AsSpan(at, 2)) || !Red.AsSpan(at, 2).SequenceEqual(other.Red.AsSpan(at, 2)))
            {
                return false;
            }
        }

        return true;
    }
}
