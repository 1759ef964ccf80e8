namespace Podvirt.Simulator.Videos.H264;

/// <summary>
/// One chroma of a macroblock, its four cells predicted each for itself (clause 8.3.4) and coded by their direct components. With
/// <see cref="ParameterSets.ChromaOffset"/> clause 8.5.11 comes to: the cells are the prediction plus the transform of the levels.
/// </summary>
internal sealed class ChromaBlock(byte[] source, byte[] decoded, int width)
{
    private readonly int[] _predictions = new int[4];
    private readonly int[] _levels = new int[4];

    public ReadOnlySpan<int> Levels => _levels;

    public bool IsZero => _levels is [0, 0, 0, 0];

    /// <inheritdoc cref="LumaBlock.Encode"/>
    public void Encode(int column, int row, bool above, bool left)
    {
        var origin = (row * 2 * width) + (column * 2);
        Predict(origin, above, left);
        Transform(
            source[origin] - _predictions[0], source[origin + 1] - _predictions[1],
            source[origin + width] - _predictions[2], source[origin + width + 1] - _predictions[3]);
        for (var i = 0; i < 4; i++)
        {
            // The transform of the transform is four times the original.
            _levels[i] = _levels[i] >= 0 ? (_levels[i] + 2) >> 2 : -((2 - _levels[i]) >> 2);
        }

        var (a, b, c, d) = (_levels[0], _levels[1], _levels[2], _levels[3]);
        decoded[origin] = Cell(0, a + b + c + d);
        decoded[origin + 1] = Cell(1, a - b + c - d);
        decoded[origin + width] = Cell(2, a + b - c - d);
        decoded[origin + width + 1] = Cell(3, a - b - c + d);
    }

    private byte Cell(int index, int residual) => (byte)Math.Clamp(_predictions[index] + residual, 0, 255);

    private void Predict(int origin, bool above, bool left)
    {
        var top0 = above ? decoded[origin - width] : 0;
        var top1 = above ? decoded[origin - width + 1] : 0;
        var left0 = left ? decoded[origin - 1] : 0;
        var left1 = left ? decoded[origin + width - 1] : 0;
        const int Middle = 128;
        _predictions[0] = above && left ? (top0 + left0 + 1) >> 1 : above ? top0 : left ? left0 : Middle;
        _predictions[1] = above ? top1 : left ? left0 : Middle;
        _predictions[2] = left ? left1 : above ? top0 : Middle;
        _predictions[3] = above && left ? (top1 + left1 + 1) >> 1 : above ? top1 : left ? left1 : Middle;
    }

    private void Transform(int a, int b, int c, int d)
    {
        _levels[0] = a + b + c + d;
        _levels[1] = a - b + c - d;
        _levels[2] = a + b - c - d;
        _levels[3] = a - b - c + d;
    }
}
