namespace Podvirt.Simulator.Videos.H264;

/// <summary>
/// Turns pictures into slices, one a picture. A key picture has all its macroblocks; another one has those that changed and skips
/// the rest. Macroblocks predict from intra macroblocks of their own picture only, so nothing else needs to be decoded here, and the
/// deblocking filter, which works on finished pictures, cannot make encoder and decoder differ.
/// </summary>
internal sealed class FrameEncoder
{
    private const int SliceOfSkips = 5;
    private const int SliceOfIntra = 7;

    // mb_type of Intra_16x16 with DC prediction and no other component than the direct ones: tables 7-11 and 7-13.
    private const int MacroblockType = 3;
    private const int MacroblockTypeWithChroma = 7;
    private const int MacroblockTypeAfterInter = 5;

    private readonly BitWriter _bits = new();
    private readonly FrameSize _size;
    private readonly Picture _picture;
    private readonly Picture _before;
    private readonly bool[] _intra;
    private readonly LumaBlock _luma;
    private readonly ChromaBlock _blue;
    private readonly ChromaBlock _red;
    private int _number;
    private int _keys;

    public FrameEncoder(FrameSize size)
    {
        _size = size;
        _picture = new Picture(size);
        _before = new Picture(size);
        var decoded = new Picture(size);
        _intra = new bool[size.Macroblocks];
        _luma = new LumaBlock(_picture, decoded);
        _blue = new ChromaBlock(_picture.Blue, decoded.Blue, _picture.Width / 2);
        _red = new ChromaBlock(_picture.Red, decoded.Red, _picture.Width / 2);
    }

    /// <summary>What the next call of <see cref="Encode"/> takes.</summary>
    public Picture Picture => _picture;

    /// <returns>The slice with its header byte; valid until the next call.</returns>
    public ReadOnlySpan<byte> Encode(bool key)
    {
        _bits.Clear();
        _number = key ? 0 : (_number + 1) & ((1 << ParameterSets.FrameNumberBits) - 1);
        WriteHeader(key);
        var skipped = 0;
        for (var row = 0; row < _size.Rows; row++)
        {
            for (var column = 0; column < _size.Columns; column++)
            {
                var at = (row * _size.Columns) + column;
                _intra[at] = key || !_picture.SameAt(_before, column, row);
                if (!_intra[at])
                {
                    skipped++;
                    continue;
                }

                if (!key)
                {
                    _bits.Unsigned(skipped);
                    skipped = 0;
                }

                WriteMacroblock(column, row, key);
            }
        }

        if (skipped > 0)
        {
            _bits.Unsigned(skipped);
        }

        _bits.Finish();
        _before.CopyFrom(_picture);
        return _bits.Written;
    }

    private void WriteHeader(bool key)
    {
        _bits.Write(key ? NalUnit.KeyHeader : NalUnit.SliceHeader, 8);
        _bits.Unsigned(0); // first_mb_in_slice
        _bits.Unsigned(key ? SliceOfIntra : SliceOfSkips);
        _bits.Unsigned(0); // pic_parameter_set_id
        _bits.Write((uint)_number, ParameterSets.FrameNumberBits);
        if (key)
        {
            // idr_pic_id: two in a row have to differ.
            _bits.Unsigned(_keys++ & 1);
            _bits.Flag(false); // no_output_of_prior_pics_flag
            _bits.Flag(false); // long_term_reference_flag
        }
        else
        {
            _bits.Flag(false); // num_ref_idx_active_override_flag
            _bits.Flag(false); // ref_pic_list_modification_flag_l0
            _bits.Flag(false); // adaptive_ref_pic_marking_mode_flag
        }

        _bits.Signed(0); // slice_qp_delta
    }

    private void WriteMacroblock(int column, int row, bool key)
    {
        var at = (row * _size.Columns) + column;
        var above = row > 0 && _intra[at - _size.Columns];
        var left = column > 0 && _intra[at - 1];
        _luma.Encode(column, row, above, left);
        _blue.Encode(column, row, above, left);
        _red.Encode(column, row, above, left);
        var chroma = !_blue.IsZero || !_red.IsZero;
        _bits.Unsigned((chroma ? MacroblockTypeWithChroma : MacroblockType) + (key ? 0 : MacroblockTypeAfterInter));
        _bits.Unsigned(0); // intra_chroma_pred_mode: DC
        _bits.Signed(0); // mb_qp_delta
        LevelWriter.WriteLuma(_bits, _luma.Levels);
        if (chroma)
        {
            LevelWriter.WriteChroma(_bits, _blue.Levels);
            LevelWriter.WriteChroma(_bits, _red.Levels);
        }
    }
}
