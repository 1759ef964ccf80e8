namespace Podvirt.Simulator.Videos.H264;

/// <summary>
/// The luma of a macroblock predicted as one value (Intra_16x16_DC, clause 8.3.3.3), of which only the direct component of each of
/// its 16 cells is coded. At <see cref="ParameterSets.LumaQuantiser"/> clause 8.5.10 comes to: the cells are the prediction plus the
/// Hadamard transform of the levels.
/// </summary>
internal sealed class LumaBlock(Picture source, Picture decoded)
{
    private static readonly int[] _zigzag = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

    private readonly int[] _cells = new int[16];
    private readonly int[] _levels = new int[16];

    /// <summary>In the order of coding.</summary>
    public ReadOnlySpan<int> Levels => _levels;

    /// <summary>Finds the levels of a macroblock, and decodes them.</summary>
    /// <param name="above">Whether the macroblock above may be predicted from.</param>
    /// <param name="left">And the one to the left.</param>
    public void Encode(int column, int row, bool above, bool left)
    {
        var width = source.Width;
        var origin = (row * 4 * width) + (column * 4);
        var prediction = Predict(origin, width, above, left);
        for (var i = 0; i < 16; i++)
        {
            _cells[i] = source.Luma[origin + (i / 4 * width) + (i % 4)] - prediction;
        }

        Transform(_cells);
        for (var i = 0; i < 16; i++)
        {
            _cells[i] = Rounded(_cells[i]);
        }

        for (var i = 0; i < 16; i++)
        {
            _levels[i] = _cells[_zigzag[i]];
        }

        Transform(_cells);
        for (var i = 0; i < 16; i++)
        {
            decoded.Luma[origin + (i / 4 * width) + (i % 4)] = (byte)Math.Clamp(prediction + _cells[i], 0, 255);
        }
    }

    private int Predict(int origin, int width, bool above, bool left)
    {
        var top = 0;
        var side = 0;
        for (var i = 0; i < 4; i++)
        {
            top += above ? Picture.Cell * decoded.Luma[origin - width + i] : 0;
            side += left ? Picture.Cell * decoded.Luma[origin + (i * width) - 1] : 0;
        }

        return (above, left) switch
        {
            (true, true) => (top + side + 16) >> 5,
            (false, false) => 128,
            _ => (top + side + 8) >> 4,
        };
    }

    /// <summary>The transform of the transform is 16 times the original.</summary>
    private static int Rounded(int value) => value >= 0 ? (value + 8) >> 4 : -((8 - value) >> 4);

    private static void Transform(int[] cells)
    {
        for (var i = 0; i < 4; i++)
        {
            Butterfly(cells, i * 4, 1);
        }

        for (var i = 0; i < 4; i++)
        {
            Butterfly(cells, i, 4);
        }
    }

    private static void Butterfly(int[] cells, int at, int step)
    {
        var (a, b, c, d) = (cells[at], cells[at + step], cells[at + (2 * step)], cells[at + (3 * step)]);
        cells[at] = a + b + c + d;
        cells[at + step] = a + b - c - d;
        cells[at + (2 * step)] = a - b - c + d;
        cells[at + (3 * step)] = a - b + c - d;
    }
}
