namespace Podvirt.Simulator.Videos.H264;

/// <summary>A frame's size in samples, and in macroblocks of 16 by 16, of which the last ones may stick out.</summary>
/// <param name="Width">Even: chroma has half as many columns and rows.</param>
/// <param name="Height">Even.</param>
internal readonly record struct FrameSize(int Width, int Height)
{
    public const int Macroblock = 16;

    public int Columns => (Width + Macroblock - 1) / Macroblock;

    public int Rows => (Height + Macroblock - 1) / Macroblock;

    public int Macroblocks => Columns * Rows;
}
